import { createHash, timingSafeEqual } from "node:crypto";
import type { Logger } from "pino";
import { z } from "zod";
import { isPosternError } from "../../../protocol/index.ts";
import type { Proxy, ProviderSessionRecord } from "../../../proxy/index.ts";
import { refuse, type WebErrorCode } from "../http-errors.ts";
import type { PasswordThrottle } from "./password-throttle.ts";
import type {
  LogoutNotice,
  OpenProvider,
  Redirect,
  RedirectResult,
  SignInContext,
} from "./providers/index.ts";
import type { SignInOutcome, SignInService } from "./sign-in-service.ts";
import { makeStepId, type PendingSignIn, type SignInSteps } from "./sign-in-steps.ts";

/**
 * The browser that a sign-in at another site began in. `Lax`: the browser comes back from there by a link. It opens nothing by itself.
 */
export const AWAY_COOKIE = "__Host-postern-sign-in";
export const AWAY_COOKIE_OPTIONS = {
  path: "/",
  httpOnly: true,
  secure: true,
  sameSite: "lax",
  maxAge: 600,
} as const;
/** For so long a logout token is known to have been used: longer than one is believed. */
const LOGOUT_USED_MS = 3600_000;

interface RedirectSignInDependencies {
  readonly providers: readonly OpenProvider[];
  readonly signIn: Pick<SignInService, "conclude">;
  readonly steps: SignInSteps;
  readonly throttle: PasswordThrottle;
  readonly audit: Proxy["audit"];
  readonly log: Logger;
}

interface Departure {
  readonly callbackUrl: string;
  /** What the browser's cookie holds. */
  readonly browser: string;
  /** A path of ours. */
  readonly returnTo: string;
}

/** What is kept, sealed, while the person is at the other site. */
const awayState = z.object({ browser: z.string(), returnTo: z.string(), provider: z.unknown() });

interface OpenRedirect {
  readonly open: OpenProvider;
  readonly redirect: Redirect;
}

export interface Arrival {
  readonly outcome: SignInOutcome;
  readonly returnTo: string;
}

/** Sign-ins that go by another site's page. Only the browser that began one can end it, at the provider that it began with. */
export class RedirectSignIn {
  readonly #services: RedirectSignInDependencies;

  constructor(services: RedirectSignInDependencies) {
    this.#services = services;
  }

  /**
   * Where the browser goes.
   * @throws ThrottledError `LOGIN_THROTTLED`
   * @throws RequestError `ROUTE_UNKNOWN` no such provider, `LOGIN_UNAVAILABLE`
   */
  async begin(providerId: string, departure: Departure, context: SignInContext): Promise<string> {
    const { steps, throttle } = this.#services;
    const { open, redirect } = this.#find(providerId);
    try {
      throttle.beginAway(addressOf(context));
    } catch (error) {
      this.#auditFailure("LOGIN_THROTTLED", providerId, context);
      throw error;
    }
    const returnKey = makeStepId();
    const started = await this.#guard(open, () => redirect.begin(departure.callbackUrl, returnKey));
    if (started.kind === "unavailable")
      throw this.#refuse("LOGIN_UNAVAILABLE", open, context, started.reason);
    const { browser, returnTo } = departure;
    const state = { browser: hashBrowser(browser), returnTo, provider: started.state };
    await steps.open({ provider: providerId, name: "", state }, returnKey);
    return started.url;
  }

  /**
   * The browser is back.
   * @param browser what its cookie holds; undefined: it has none
   * @throws RequestError `ROUTE_UNKNOWN`, `LOGIN_RETURN_GONE`, `LOGIN_DECLINED`, `LOGIN_ANSWER_INVALID`, `LOGIN_UNAVAILABLE`,
   * `LOGIN_NOT_ADMITTED`
   */
  async finish(
    providerId: string,
    returned: URL,
    browser: string | undefined,
    context: SignInContext,
  ): Promise<Arrival> {
    const { open, redirect } = this.#find(providerId);
    const state = await this.#takeState(open, returned.searchParams.getAll("state"), browser);
    if (state === null) throw this.#refuse("LOGIN_RETURN_GONE", open, context, null);
    const result = await this.#guard(open, () => redirect.finish(returned, state.provider));
    const outcome = await this.#judge(open, result, context);
    this.#services.throttle.succeedAway(addressOf(context));
    return { outcome, returnTo: state.returnTo };
  }

  /** Where a browser goes that has signed out here, to sign out there, too; null: nowhere. */
  async endSession(
    { provider, session, hint }: ProviderSessionRecord,
    returnTo: string,
  ): Promise<string | null> {
    const { log, providers } = this.#services;
    const redirect = providers.find(({ id }) => id === provider)?.provider.redirect;
    try {
      return (await redirect?.endSession?.({ id: session, hint }, returnTo)) ?? null;
    } catch (error) {
      log.warn({ event: "sign-in.unavailable", provider, err: error }, "nobody can be signed out there");
      return null;
    }
  }

  /** @throws RequestError `ROUTE_UNKNOWN`, `LOGOUT_TOKEN_INVALID` */
  async readLogout(providerId: string, token: string, { source }: SignInContext): Promise<LogoutNotice> {
    const { steps, audit } = this.#services;
    const { redirect } = this.#find(providerId);
    if (redirect.readLogout === undefined) throw refuse("ROUTE_UNKNOWN");
    const notice = await redirect.readLogout(token);
    const isFresh =
      typeof notice !== "string" && (await steps.useOnce(`${providerId} ${notice.id}`, LOGOUT_USED_MS));
    if (isFresh) return notice;
    const reason = "LOGOUT_TOKEN_INVALID";
    audit({ action: "login.end", outcome: "failure", reason, method: providerId, ...(source && { source }) });
    const why = typeof notice === "string" ? notice : "it was used before";
    throw refuse(reason, `This logout token is not believed: ${why}.`);
  }

  async #takeState(
    open: OpenProvider,
    keys: readonly string[],
    browser: string | undefined,
  ): Promise<z.output<typeof awayState> | null> {
    const { steps } = this.#services;
    const [key] = keys;
    // Without the cookie nothing is looked up: who only knows the address of somebody's return cannot use it up.
    if (browser === undefined || key === undefined || keys.length > 1) return null;
    const pending: PendingSignIn | null = await steps.try(key);
    const state = awayState.safeParse(pending?.state).data;
    if (state === undefined || pending?.provider !== open.id) return null;
    if (!isSameBrowser(state.browser, browser)) return null;
    return (await steps.take(key)) ? state : null;
  }

  async #judge(open: OpenProvider, result: RedirectResult, context: SignInContext): Promise<SignInOutcome> {
    if (result.kind === "declined") throw this.#refuse("LOGIN_DECLINED", open, context, null);
    if (result.kind === "untrusted") throw this.#refuse("LOGIN_ANSWER_INVALID", open, context, result.reason);
    if (result.kind === "unavailable") throw this.#refuse("LOGIN_UNAVAILABLE", open, context, result.reason);
    const { person, session } = result;
    try {
      const about = { context, password: null, session };
      return await this.#services.signIn.conclude(open, { kind: "person", person }, about);
    } catch (error) {
      // They have shown who they are: nothing about passwords, and no riddle.
      if (isPosternError(error) && error.code === "LOGIN_REFUSED") throw refuse("LOGIN_NOT_ADMITTED");
      throw error;
    }
  }

  #find(providerId: string): OpenRedirect {
    const open = this.#services.providers.find(({ id }) => id === providerId);
    const redirect = open?.provider.redirect;
    if (open === undefined || redirect === undefined) throw refuse("ROUTE_UNKNOWN");
    return { open, redirect };
  }

  /** A provider that fails is one that cannot be asked. */
  async #guard<T>(
    { id }: OpenProvider,
    ask: () => Promise<T>,
  ): Promise<T | { kind: "unavailable"; reason: string }> {
    try {
      return await ask();
    } catch (error) {
      if (isPosternError(error)) throw error;
      this.#services.log.error(
        { event: "sign-in.fault", provider: id, err: error },
        "a sign-in provider failed",
      );
      return { kind: "unavailable", reason: "fault" };
    }
  }

  #refuse(code: WebErrorCode, { id }: OpenProvider, context: SignInContext, reason: string | null): Error {
    this.#auditFailure(code, id, context);
    if (reason !== null)
      this.#services.log.warn(
        { event: "sign-in.refused", provider: id, code, reason },
        "a sign-in by another site came to nothing",
      );
    return refuse(code);
  }

  #auditFailure(reason: string, method: string, { source }: SignInContext): void {
    this.#services.audit({
      action: "login.failure",
      outcome: "failure",
      reason,
      method,
      ...(source && { source }),
    });
  }
}

function addressOf({ source }: SignInContext): string {
  return source?.address ?? "socket";
}

function hashBrowser(browser: string): string {
  return createHash("sha256").update(browser).digest("base64url");
}

function isSameBrowser(expected: string, browser: string): boolean {
  const given = Buffer.from(hashBrowser(browser));
  const known = Buffer.from(expected);
  return known.length === given.length && timingSafeEqual(known, given);
}
