import { generateToken, type Clock, type Permission } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { DesktopView, IssuedToken, JoinGrant, Role } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import { generateSecret, hashSecret } from "./redeem-ticket.ts";
import { offerTicketSubProtocols } from "./websocket-sub-protocols.ts";
import type { TokenIndex } from "./token-index.ts";

/** Issues tokens, tickets and join secrets: each is returned once, to the caller. */
export class CredentialIssuer {
  readonly #stores: Stores;
  readonly #index: TokenIndex;
  readonly #clock: Clock;

  constructor(stores: Stores, index: TokenIndex, clock: Clock) {
    this.#stores = stores;
    this.#index = index;
    this.#clock = clock;
  }

  async createToken(
    desktop: Pick<DesktopView, "id">,
    role: Role,
    ttlSeconds: number,
    createdBy: string,
    denied: readonly Permission[] = [],
    token = generateToken(),
  ): Promise<IssuedToken> {
    const expiresAt = this.#clock.now() + ttlSeconds * 1000;
    const record = await this.#stores.tokens.create({
      desktopId: desktop.id,
      token,
      role,
      denied,
      createdBy,
      expiresAt,
    });
    const open = { ...record, token };
    this.#index.add(open);
    return open;
  }

  async createTicket(
    desktop: DesktopView,
    role: Role,
    createdBy: string,
    denied: readonly Permission[] = [],
    loginHash: string | null = null,
  ): Promise<{ protocols: string[]; expiresAt: number }> {
    const ticket = generateSecret();
    const expiresAt = this.#clock.now() + PROXY_LIMITS.ticketMs;
    const record = { desktopId: desktop.id, role, denied, createdBy, loginHash, expiresAt };
    await this.#stores.tickets.create(hashSecret(ticket), record);
    return { protocols: offerTicketSubProtocols(ticket), expiresAt };
  }

  async createJoinSecret(grant: JoinGrant): Promise<{ secret: string; expiresAt: number }> {
    const secret = generateSecret();
    const expiresAt = this.#clock.now() + PROXY_LIMITS.joinSecretMs;
    await this.#stores.joinSecrets.create(hashSecret(secret), expiresAt, grant);
    return { secret, expiresAt };
  }
}
