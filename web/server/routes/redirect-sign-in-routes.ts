import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { bracketHost, isPosternError } from "../../../protocol/index.ts";
import type { EndedLogin, Proxy } from "../../../proxy/index.ts";
import { redirectQuery } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { requestSource } from "../guard/actor.ts";
import { parseInput } from "../guard/parse-input.ts";
import { AWAY_COOKIE, AWAY_COOKIE_OPTIONS, type RedirectSignIn } from "../sign-in/redirect-sign-in.ts";
import { makeStepId } from "../sign-in/sign-in-steps.ts";
import type { LogoutNotice } from "../sign-in/providers/index.ts";
import { keepStep, openLogin, type LoginContext } from "./open-login.ts";

const MAX_LOGOUT_BODY_BYTES = 20_000;
const COOKIE_FORM = /^[\w-]{43}$/;

const providerParams = z.object({ provider: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/) });

interface RedirectRoutesContext extends LoginContext {
  readonly redirects: RedirectSignIn;
}

/**
 * Sign-in by another site's page. The login's cookie stays SameSite=Strict: the request that the other site leads back to carries the
 * sign-in's own cookie, which is Lax, and is answered with a redirect to the page. That one is the same for everybody; what it then asks
 * for comes from itself, with the new cookie.
 */
export function routeRedirectSignIn(api: FastifyInstance, context: RedirectRoutesContext): void {
  const { proxy, redirects } = context;
  const pathOf = (provider: string): string => `${api.prefix}/sign-in/${provider}`;
  const callbackOf = (provider: string): string => `${pagesOrigin(proxy)}${pathOf(provider)}/callback`;

  api.get("/sign-in/:provider", { config: { open: true } }, async (request, reply) => {
    const { provider } = parseInput(providerParams, request.params);
    const { to: returnTo = "/", here } = parseInput(redirectQuery, request.query);
    if (!isVisit(request)) throw refuse("CROSS_SITE");
    const origin = pagesOrigin(proxy);
    // The provider leads back to the advertised host, and cookies do not go from one host to another.
    if (here === undefined && request.headers.host !== new URL(origin).host)
      return reply.redirect(`${origin}${pathOf(provider)}?here=1&to=${encodeURIComponent(returnTo)}`, 303);
    const known = request.cookies[AWAY_COOKIE];
    const browser = known !== undefined && COOKIE_FORM.test(known) ? known : makeStepId();
    return goOn(reply, async () => {
      const departure = { callbackUrl: callbackOf(provider), browser, returnTo };
      const url = await redirects.begin(provider, departure, { source: requestSource(request) });
      void reply.setCookie(AWAY_COOKIE, browser, AWAY_COOKIE_OPTIONS);
      return url;
    });
  });

  api.get("/sign-in/:provider/callback", { config: { open: true } }, async (request, reply) => {
    const { provider } = parseInput(providerParams, request.params);
    const returned = new URL(callbackOf(provider));
    returned.search = new URL(request.url, returned).search;
    return goOn(reply, async () => {
      const browser = request.cookies[AWAY_COOKIE];
      const about = { source: requestSource(request) };
      const { outcome, returnTo } = await redirects.finish(provider, returned, browser, about);
      void reply.clearCookie(AWAY_COOKIE, AWAY_COOKIE_OPTIONS);
      if (outcome.kind === "step") {
        keepStep(reply, outcome.step.id);
        // At the page that was wanted: it is there still when the step has been answered.
        return `${returnTo}#step=${outcome.step.id}`;
      }
      await openLogin(context, request, reply, outcome);
      return returnTo;
    });
  });

  void api.register((scope, _options, done) => {
    routeBackchannelLogout(scope, context);
    done();
  });
}

/** Where the pages are. */
export function pagesOrigin({ advertised }: Pick<Proxy, "advertised">): string {
  const { host, port } = advertised.web;
  return new URL(`https://${bracketHost(host)}:${port}`).origin;
}

/** Its own parser of bodies: forms are taken nowhere else. */
function routeBackchannelLogout(scope: FastifyInstance, context: RedirectRoutesContext): void {
  const { proxy, redirects, endStreams } = context;
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<string>(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: MAX_LOGOUT_BODY_BYTES },
    (_request, body, done) => {
      done(null, new URLSearchParams(body));
    },
  );
  const config = { open: true, fromAnySite: true };
  scope.post("/sign-in/:provider/backchannel-logout", { config }, async (request, reply) => {
    const { provider } = parseInput(providerParams, request.params);
    const tokens = request.body instanceof URLSearchParams ? request.body.getAll("logout_token") : [];
    const [token] = tokens;
    if (token === undefined || tokens.length > 1) throw refuse("LOGOUT_TOKEN_INVALID");
    const about = { source: requestSource(request) };
    const ended = await endLogins(provider, await redirects.readLogout(provider, token, about));
    for (const { hash } of ended) endStreams(hash);
    await auditEnd(request, provider, ended);
    await proxy.checkSessions();
    return reply.code(204).send();
  });

  async function endLogins(provider: string, notice: LogoutNotice): Promise<EndedLogin[]> {
    const { users, providerSessions } = proxy.stores;
    const { subject, session } = notice;
    if (subject === null) return providerSessions.endLogins({ provider, userId: null, session });
    const user = await users.findBySubject(provider, subject);
    return user === null ? [] : providerSessions.endLogins({ provider, userId: user.id, session });
  }

  async function auditEnd(
    request: FastifyRequest,
    method: string,
    ended: readonly EndedLogin[],
  ): Promise<void> {
    const source = requestSource(request);
    const names = await proxy.stores.users.findNames(ended.map(({ userId }) => userId));
    for (const [targetId, targetName] of names)
      proxy.audit({
        action: "login.end",
        outcome: "success",
        targetId,
        targetName,
        method,
        count: ended.filter(({ userId }) => userId === targetId).length,
        ...(source && { source }),
      });
  }
}

/** Leads a browser on; what went wrong is said on the sign-in page, for a person would see nothing but JSON here. */
async function goOn(reply: FastifyReply, act: () => Promise<string>): Promise<FastifyReply> {
  const target = await act().catch((error: unknown) => {
    if (!isPosternError(error) || error.code === "ROUTE_UNKNOWN") throw error;
    return `/?refused=${error.code}`;
  });
  return reply.redirect(target, 303);
}

/** A person goes there; a picture or a frame of another site's page does not begin a sign-in. */
function isVisit({ headers }: FastifyRequest): boolean {
  const destination = headers["sec-fetch-dest"];
  return destination === undefined || destination === "document";
}
