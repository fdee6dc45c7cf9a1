import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AccountRole, Proxy, Stores } from "../../../proxy/index.ts";
import type { ApiScope, SignInForm } from "../../api/schemas.ts";
import { refuse, SignInRequired } from "../http-errors.ts";
import { isAdminConnection } from "../listen/admin-socket.ts";
import { LOGIN_COOKIE, type Logins } from "../sign-in/logins.ts";
import { checkScope, readBearer, type BearerGuard } from "./bearer.ts";
import { checkSameSite } from "./cross-site.ts";

/** Who sends a request. */
export interface Caller {
  /** `socket`: the administrator on the server's own machine, without a login. */
  readonly via: "socket" | "login" | "api-token";
  readonly userId: string;
  readonly name: string;
  readonly role: AccountRole;
  /** Which login, or API token, carries the request: what it opens ends with it. Null on the socket. */
  readonly loginHash: string | null;
  /** The API token that carries the request; null: there is none, and all is allowed that the role allows. */
  readonly apiToken: { readonly id: string; readonly scopes: readonly ApiScope[] } | null;
  /** Everybody who opens the pages has this account: see {@link requireOwnAccount}. */
  readonly shared: boolean;
  /** Whether what is critical may go on: see {@link requireConfirmed}. */
  readonly confirmed: boolean;
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** Reachable without a login. */
    readonly open?: boolean;
    /** Servers of other sites call it: what the request carries has to prove itself. */
    readonly fromAnySite?: boolean;
  }
}

interface SiteGuard {
  readonly stores: Stores;
  readonly requesterOf: Proxy["requesterOf"];
}

interface LoginGuard {
  readonly logins: Logins;
  readonly bearers: BearerGuard;
  /** What a refusal carries. */
  readonly form: SignInForm;
  readonly takeHttpConnection: Proxy["takeHttpConnection"];
  /** Whether all people of a provider have one account. */
  readonly isShared: (provider: string) => boolean;
}

/**
 * Before every route: checks the request's origin. The administrator's socket needs no login and no origin; a request with an API
 * token needs no origin, since no page can add one without our leave, and its cookies do not count.
 */
export function guardSite(app: FastifyInstance, { stores, requesterOf }: SiteGuard): void {
  app.decorateRequest("caller", null);
  app.decorateRequest("source", null);
  app.addHook("onRequest", async (request) => {
    request.source = requesterOf(request.raw);
    if (isAdminConnection(app.server, request.raw.socket))
      request.caller = await identifyAdministrator(stores);
    else if (readBearer(request) === null && request.routeOptions.config.fromAnySite !== true)
      checkSameSite(request);
  });
}

/** Before every route of `api` that is not marked open: requires a login or an API token. */
export function guardLogin(
  api: FastifyInstance,
  { logins, bearers, form, takeHttpConnection, isShared }: LoginGuard,
): void {
  api.addHook("onRequest", async (request) => {
    if (request.caller !== null || request.routeOptions.config.open === true) return;
    const bearer = readBearer(request);
    if (bearer !== null) {
      const { user, hash: loginHash, apiToken } = await bearers.identify(bearer, request);
      takeHttpConnection(request.raw);
      // One that was made before the account was everybody's would outlive every visitor.
      if (isShared(user.provider)) throw refuse("ACCOUNT_SHARED");
      const { id: userId, name, role } = user;
      const person = { userId, name, role, shared: false };
      request.caller = { via: "api-token", confirmed: false, ...person, loginHash, apiToken };
      checkScope(request, apiToken.scopes);
      return;
    }
    const login = await logins.find(request.cookies[LOGIN_COOKIE]);
    if (login === null) throw new SignInRequired(form);
    takeHttpConnection(request.raw);
    const { id: userId, name, role } = login.user;
    const { hash: loginHash, confirmed } = login;
    const person = { userId, name, role, shared: isShared(login.user.provider) };
    request.caller = { via: "login", ...person, loginHash, apiToken: null, confirmed };
  });
}

/**
 * The caller of a route that needs a login.
 * @throws RequestError `LOGIN_REQUIRED`
 */
export function requireCaller(request: FastifyRequest): Caller {
  if (request.caller === null) throw refuse("LOGIN_REQUIRED");
  return request.caller;
}

/**
 * The caller of what one person alone may have or end. Of an account that all visitors share, none may take it from the others, nor keep
 * it for longer than a visit.
 * @throws RequestError `LOGIN_REQUIRED`, `ACCOUNT_SHARED`
 */
export function requireOwnAccount(request: FastifyRequest): Caller {
  const caller = requireCaller(request);
  if (caller.shared) throw refuse("ACCOUNT_SHARED");
  return caller;
}

/**
 * The caller of what is critical: who has signed in, or confirmed that it is them, within ten minutes. The administrator's socket needs
 * none.
 * @throws RequestError `LOGIN_REQUIRED`, `CONFIRM_REQUIRED`
 */
export function requireConfirmed(request: FastifyRequest): Caller {
  const caller = requireCaller(request);
  if (!caller.confirmed) throw refuse("CONFIRM_REQUIRED");
  return caller;
}

/** The oldest administrator's account: it owns what is created over the socket, so that its pages show it. */
async function identifyAdministrator(stores: Stores): Promise<Caller> {
  const oldest = await stores.users.findOldestAdmin();
  return {
    via: "socket",
    userId: oldest?.id ?? "administrator",
    name: oldest?.name ?? "administrator",
    role: "admin",
    loginHash: null,
    apiToken: null,
    shared: false,
    confirmed: true,
  };
}
