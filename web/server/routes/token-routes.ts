import { formatHostPort, KeyedQueue, type Clock } from "../../../protocol/index.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type {
  AuditEntry,
  DesktopView,
  HostPort,
  Proxy,
  Role,
  TokenRecord,
  AuditAction,
} from "../../../proxy/index.ts";
import type { Quotas } from "../../../orchestrator/index.ts";
import {
  ticketRequest,
  tokenChange,
  tokenRequest,
  type Ticket,
  type Token,
  type TokenRow,
} from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead, auditOrUndo } from "../guard/audit-grant.ts";
import { requireCaller, type Caller } from "../guard/caller.ts";
import { hasPower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import { findNamedDesktops, resolveDesktop } from "../view/resolve-desktop.ts";
import { viewerOf } from "../view/permissions.ts";
import type { LoadReadModel } from "../view/read-model.ts";

export interface TokenRoutesContext {
  readonly proxy: Proxy;
  readonly quotas: Quotas;
  readonly clock: Clock;
  readonly loadReadModel: LoadReadModel;
}

/** Tokens for VNC viewers, tickets for the viewer in the page. */
export function routeTokens(
  api: FastifyInstance,
  { proxy, quotas, clock, loadReadModel }: TokenRoutesContext,
): void {
  const { stores } = proxy;
  const queue = new KeyedQueue();

  api.post("/tokens", async (request, reply): Promise<Token> => {
    const caller = requireCaller(request);
    const { desktop: reference, role, deny, ttlSeconds } = parseInput(tokenRequest, request.body);
    const desktop = await resolve(caller, reference, role);
    // One after the other: requests at once must not exceed the limit together.
    const made = await queue.run(caller.userId, async () => {
      await checkTokenLimit(caller);
      return proxy.createToken(desktop, role, ttlSeconds, caller.userId, deny);
    });
    const line = entry(request, "token.create", { ...describe(desktop), tokenId: made.id, role });
    await auditOrUndo(proxy, line, () => stores.tokens.revoke(made.id));
    const { id, token, denied, expiresAt } = made;
    void reply.code(201);
    const address = addressOf(proxy.advertised.rfb);
    return { id, token, desktop: desktop.name, role, denied: [...denied], expiresAt, address };
  });

  api.get("/tokens", async (request): Promise<TokenRow[]> => {
    const caller = requireCaller(request);
    const { userId } = caller;
    const tokens = hasPower(caller, "operate")
      ? await stores.tokens.list()
      : await stores.tokens.listByCreator(userId);
    const desktops = await stores.desktops.findMany(tokens.map(({ desktopId }) => desktopId));
    const names = new Map(desktops.map(({ id, name }) => [id, name]));
    return tokens.map((token) => serializeToken(token, names.get(token.desktopId)));
  });

  api.patch("/tokens/:id", async (request): Promise<TokenRow> => {
    const token = await find(request);
    const { role, deny } = parseInput(tokenChange, request.body);
    await resolve(requireCaller(request), token.desktopId, role ?? token.role);
    const change = { ...(role && { role }), ...(deny && { denied: deny }) };
    const about = { desktopId: token.desktopId, tokenId: token.id, role: role ?? token.role };
    const changed = await auditAhead(proxy, entry(request, "token.change", about), async () => {
      const found = await stores.tokens.change(token.id, change);
      if (found === null) throw refuse("TOKEN_UNKNOWN");
      return found;
    });
    await proxy.checkSessions();
    return serializeToken(changed, (await stores.desktops.find(changed.desktopId))?.name);
  });

  api.delete("/tokens/:id", async (request, reply) => {
    const token = await find(request);
    await stores.tokens.revoke(token.id);
    await proxy.checkSessions();
    proxy.audit(entry(request, "token.revoke", { desktopId: token.desktopId, tokenId: token.id }));
    return reply.code(204).send();
  });

  api.post("/tickets", async (request, reply): Promise<Ticket> => {
    const caller = requireCaller(request);
    const { desktop: reference, role, deny } = parseInput(ticketRequest, request.body);
    const desktop = await resolve(caller, reference, role);
    const { userId, loginHash } = caller;
    const { url, protocols, expiresAt } = await auditAhead(
      proxy,
      entry(request, "ticket.create", { ...describe(desktop), role }),
      () => proxy.createTicket(desktop, role, userId, deny, loginHash),
    );
    void reply.code(201);
    return { url, protocols: [...protocols], expiresAt, desktop: desktop.name };
  });

  async function checkTokenLimit(caller: Caller): Promise<void> {
    const most = (await quotas.of(caller)).tokens;
    if (most === null) return;
    const open = await stores.tokens.countOpen(caller.userId, clock.now());
    if (open < most) return;
    const have = most === 1 ? "1 token that works" : `${most} tokens that work`;
    throw refuse("LIMIT_TOKENS", `You may have ${have}. Revoke one, or wait until one has expired.`);
  }

  /** A token that the caller may revoke. */
  async function find(request: FastifyRequest): Promise<TokenRecord> {
    const caller = requireCaller(request);
    const id = parseId(request);
    const token = await stores.tokens.find(id);
    if (token === null || !mayRevoke(caller, token)) throw refuse("TOKEN_UNKNOWN");
    return token;
  }

  function serializeToken({ id, role, denied, expiresAt }: TokenRecord, desktop = ""): TokenRow {
    const state = expiresAt > clock.now() ? "open" : "expired";
    return { id, name: desktop, desktop, role, denied: [...denied], expiresAt, state };
  }

  /** Who may only look at a desktop gives nobody, themselves included, the control of it. */
  async function resolve(caller: Caller, reference: string, role: Role): Promise<DesktopView> {
    const named = await findNamedDesktops(stores.desktops, loadReadModel, reference);
    return resolveDesktop(await viewerOf(proxy.rights, caller), reference, named, role);
  }

  function entry(request: FastifyRequest, action: AuditAction, about: Partial<AuditEntry>): AuditEntry {
    return { action, outcome: "success", ...auditActor(request), ...about };
  }
}

function describe({ id, name, agentId, machineId }: DesktopView): Partial<AuditEntry> {
  return { desktopId: id, desktopName: name, agentId, ...(machineId !== null && { machineId }) };
}

function mayRevoke(caller: Caller, token: TokenRecord): boolean {
  return hasPower(caller, "operate") || token.createdBy === caller.userId;
}

function addressOf(rfb: HostPort | null): string | null {
  return rfb === null ? null : formatHostPort(rfb);
}
