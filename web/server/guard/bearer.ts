import type { FastifyRequest } from "fastify";
import { hashSecret, type Proxy, type UserRecord } from "../../../proxy/index.ts";
import { apiScope, type ApiScope } from "../../api/schemas.ts";
import { findOperation } from "../../api/operations/index.ts";
import { refuse } from "../http-errors.ts";
import type { ApiTokens } from "../sign-in/api-tokens.ts";
import { BearerThrottle } from "../sign-in/bearer-throttle.ts";
import type { Clock } from "../../../protocol/index.ts";

const BEARER = /^bearer(?: +(\S*))? *$/i;

/** The API token that a request carries, right or wrong; null: it carries none, and its cookie counts. */
export function readBearer({ headers }: Pick<FastifyRequest, "headers">): string | null {
  const match = BEARER.exec(headers.authorization ?? "");
  return match === null ? null : (match[1] ?? "");
}

interface BearerGuardContext {
  readonly apiTokens: ApiTokens;
  readonly audit: Proxy["audit"];
  readonly clock: Clock;
}

/** Whose API token it is, and what it may. */
export interface Bearer {
  readonly user: Pick<UserRecord, "id" | "name" | "role" | "provider">;
  readonly hash: string;
  readonly apiToken: { readonly id: string; readonly scopes: readonly ApiScope[] };
}

/** Finds out whose API token a request carries. */
export class BearerGuard {
  readonly #context: BearerGuardContext;
  readonly #throttle: BearerThrottle;

  constructor(context: BearerGuardContext) {
    this.#context = context;
    this.#throttle = new BearerThrottle(context.clock);
  }

  /** @throws RequestError `API_TOKEN_REFUSED`, `LOGIN_THROTTLED` */
  async identify(token: string, { source }: FastifyRequest): Promise<Bearer> {
    const { apiTokens, audit } = this.#context;
    const address = source?.address ?? null;
    const hash = hashSecret(token);
    this.#throttle.check(address ?? "", hash);
    const found = await apiTokens.find(token, address);
    if (found.kind === "refused") {
      this.#throttle.fail(address ?? "", hash);
      const { reason, user } = found;
      audit({
        action: "login.failure",
        outcome: "failure",
        reason,
        method: "api-token",
        ...(source && { source }),
        ...(user && { actor: user.id, actorName: user.name }),
      });
      throw refuse("API_TOKEN_REFUSED");
    }
    this.#throttle.succeed(hash);
    const { user, record } = found;
    const scopes = apiScope.array().parse(record.scopes);
    return { user, hash: found.hash, apiToken: { id: record.id, scopes } };
  }
}

/**
 * Refuses what the API token of a request does not reach. A route that the table of the API does not have is out of reach of all.
 * @throws RequestError `SCOPE_REQUIRED`, `API_TOKEN_FORBIDDEN`
 */
export function checkScope(request: FastifyRequest, scopes: readonly ApiScope[]): void {
  const { method, routeOptions } = request;
  const scope = findOperation(method, routeOptions.url ?? "")?.scope ?? "none";
  if (scope === "none") throw refuse("API_TOKEN_FORBIDDEN");
  if (scope !== "any" && !scopes.includes(scope))
    throw refuse("SCOPE_REQUIRED", `This API token may not do this: it lacks the scope "${scope}".`);
}
