import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "../../../protocol/index.ts";
import type { AuditEntry, DesktopView, HostPort, Proxy, TokenRecord } from "../../../proxy/index.ts";
import { ticketRequest, tokenRequest, type Ticket, type Token, type TokenRow } from "../../api/schemas.ts";
import { refuse } from "../errors.ts";
import { actorOf } from "../guard/actor.ts";
import { requireCaller, type Caller } from "../guard/caller.ts";
import { parseInput } from "../guard/input.ts";
import { resolveDesktop } from "../view/resolve-desktop.ts";
import type { Snapshot } from "../view/snapshot.ts";

export interface TokenRoutes {
  readonly proxy: Proxy;
  readonly clock: Clock;
  readonly takeSnapshot: () => Promise<Snapshot>;
}

const tokenParams = z.object({ id: z.string().min(1).max(64) });

/** Tokens for VNC viewers, tickets for the viewer in the page. */
export function routeTokens(api: FastifyInstance, { proxy, clock, takeSnapshot }: TokenRoutes): void {
  const { stores } = proxy;

  api.post("/tokens", async (request, reply): Promise<Token> => {
    const caller = requireCaller(request);
    const { desktop: reference, role, ttlSeconds } = parseInput(tokenRequest, request.body);
    const desktop = await resolve(caller, reference);
    const made = await proxy.createToken(desktop, role, ttlSeconds, caller.userId);
    audit(request, "token.create", { ...describe(desktop), tokenId: made.id, role });
    const { id, token, expiresAt } = made;
    void reply.code(201);
    return { id, token, desktop: desktop.name, role, expiresAt, address: addressOf(proxy.advertised.rfb) };
  });

  api.get("/tokens", async (request): Promise<TokenRow[]> => {
    const caller = requireCaller(request);
    const { desktops } = await takeSnapshot();
    const now = clock.now();
    return (await stores.tokens.list())
      .filter((token) => mayRevoke(caller, token))
      .map(({ id, desktopId, role, expiresAt }) => {
        const desktop = desktops.get(desktopId)?.name ?? "";
        return { id, name: desktop, desktop, role, expiresAt, state: expiresAt > now ? "open" : "expired" };
      });
  });

  api.delete("/tokens/:id", async (request, reply) => {
    const caller = requireCaller(request);
    const { id } = parseInput(tokenParams, request.params);
    const token = (await stores.tokens.list()).find((row) => row.id === id);
    if (token === undefined || !mayRevoke(caller, token)) throw refuse("TOKEN_UNKNOWN");
    await stores.tokens.revoke(id);
    audit(request, "token.revoke", { desktopId: token.desktopId, tokenId: id });
    return reply.code(204).send();
  });

  api.post("/tickets", async (request, reply): Promise<Ticket> => {
    const caller = requireCaller(request);
    const { desktop: reference, role } = parseInput(ticketRequest, request.body);
    const desktop = await resolve(caller, reference);
    const { url, protocols, expiresAt } = await proxy.createTicket(desktop, role, caller.userId);
    audit(request, "ticket.create", { ...describe(desktop), role });
    void reply.code(201);
    return { url, protocols: [...protocols], expiresAt, desktop: desktop.name };
  });

  async function resolve(caller: Caller, reference: string): Promise<DesktopView> {
    const [named, snapshot] = await Promise.all([stores.desktops.findByName(reference), takeSnapshot()]);
    return resolveDesktop(caller, reference, named, snapshot);
  }

  function audit(request: FastifyRequest, action: string, about: Partial<AuditEntry>): void {
    proxy.audit({ action, outcome: "success", ...actorOf(request), ...about });
  }
}

function describe({ id, name, agentId, machineId }: DesktopView): Partial<AuditEntry> {
  return { desktopId: id, desktopName: name, agentId, ...(machineId !== null && { machineId }) };
}

function mayRevoke(caller: Caller, token: TokenRecord): boolean {
  return caller.role === "admin" || token.createdBy === caller.userId;
}

function addressOf(rfb: HostPort | null): string | null {
  if (rfb === null) return null;
  return rfb.host.includes(":") ? `[${rfb.host}]:${rfb.port}` : `${rfb.host}:${rfb.port}`;
}
