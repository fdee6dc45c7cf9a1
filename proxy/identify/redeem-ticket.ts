import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../protocol/index.ts";
import { queryStateForViewer, ViewerRefusal } from "../model/viewer-refusal.ts";
import type { Rights } from "../rights/rights.ts";
import type { Stores } from "../state/stores.ts";
import type { ViewerIdentity } from "./viewer-identity.ts";

/** 256 random bits, base64url. */
export function generateSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is stored of a secret: its SHA-256, hex. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret, "utf8").digest("hex");
}

interface TicketDependencies {
  readonly stores: Stores;
  readonly rights: Pick<Rights, "mayUse">;
  readonly clock: Clock;
}

/**
 * Redeems a web ticket: of any number of parallel calls one wins.
 * @throws ViewerRefusal `TICKET_INVALID`, `DESKTOP_GONE`, `RIGHT_ENDED`, `STATE_UNAVAILABLE`
 */
export async function redeemTicket(
  ticket: string,
  { stores, rights, clock }: TicketDependencies,
): Promise<ViewerIdentity> {
  const record = await queryStateForViewer(stores.tickets.take(hashSecret(ticket), clock.now()));
  if (!record) throw new ViewerRefusal("TICKET_INVALID");
  const desktop = await queryStateForViewer(stores.desktops.find(record.desktopId));
  if (!desktop) throw new ViewerRefusal("DESKTOP_GONE");
  const account = await queryStateForViewer(stores.users.find(record.createdBy));
  if (account && account.disabledAt !== null) throw new ViewerRefusal("TICKET_INVALID");
  const { role, denied, createdBy: subject, loginHash } = record;
  const rightOf = account?.id ?? null;
  if (rightOf !== null && !(await queryStateForViewer(rights.mayUse(rightOf, desktop, role))))
    throw new ViewerRefusal("RIGHT_ENDED");
  const endsAt = loginHash === null ? null : await findLoginEnd(loginHash, stores, clock);
  const person = account?.name ?? null;
  const by = { method: "ticket", subject, person, rightOf, byAccount: account !== null, loginHash } as const;
  return { desktop, role, denied, ...by, endsAt };
}

/** When the login or API token that made a ticket will end, by the monotonic clock. @throws ViewerRefusal `TICKET_INVALID`: it has */
async function findLoginEnd(loginHash: string, stores: Stores, clock: Clock): Promise<number> {
  const now = clock.now();
  const login =
    (await queryStateForViewer(stores.logins.find(loginHash, now))) ??
    (await queryStateForViewer(stores.apiTokens.find(loginHash, now)));
  if (!login) throw new ViewerRefusal("TICKET_INVALID");
  return clock.monotonic() + login.expiresAt - now;
}
