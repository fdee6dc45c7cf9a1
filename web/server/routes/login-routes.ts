import type { FastifyInstance } from "fastify";
import {
  loginStepRequest,
  loginStepShow,
  passkeyLoginRequest,
  type LoginStep,
  type Me,
  type PasskeyOptionsAnswer,
  type SignedOut,
} from "../../api/schemas.ts";
import { auditActor, requestSource } from "../guard/actor.ts";
import { requireCaller } from "../guard/caller.ts";
import { powersOf } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";
import { refuse } from "../http-errors.ts";
import type { ApiTokens } from "../sign-in/api-tokens.ts";
import { DEVICE_COOKIE } from "../sign-in/devices.ts";
import { LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS } from "../sign-in/logins.ts";
import type { RedirectSignIn } from "../sign-in/redirect-sign-in.ts";
import type { SignInService } from "../sign-in/sign-in-service.ts";
import { endLogin, finishSignIn, STEP_COOKIE, type LoginContext } from "./open-login.ts";
import { pagesOrigin } from "./redirect-sign-in-routes.ts";

interface LoginRoutesContext extends LoginContext {
  readonly signIn: SignInService;
  readonly redirects: RedirectSignIn;
  readonly apiTokens: ApiTokens;
}

export function routeLogin(api: FastifyInstance, options: LoginRoutesContext): void {
  const { proxy, devices, signIn, redirects, apiTokens } = options;

  api.get("/me", (request): Me => {
    const { name, role } = requireCaller(request);
    return { name, role, powers: [...powersOf(role)] };
  });

  api.post("/login", { config: { open: true } }, async (request, reply): Promise<Me | LoginStep> => {
    const credentials = parseInput(signIn.request, request.body);
    const source = requestSource(request);
    const device = devices.find(request.cookies[DEVICE_COOKIE], credentials.name);
    return finishSignIn(options, request, reply, await signIn.authenticate(credentials, { source, device }));
  });

  api.post("/login/step", { config: { open: true } }, async (request, reply): Promise<Me | LoginStep> => {
    const { id, answers } = parseInput(loginStepRequest, request.body);
    const context = { source: requestSource(request) };
    return finishSignIn(options, request, reply, await signIn.proceed(id, answers, context));
  });

  api.post("/login/step/show", { config: { open: true } }, async (request): Promise<LoginStep> => {
    const { id } = parseInput(loginStepShow, request.body);
    if (request.cookies[STEP_COOKIE] !== id) throw refuse("LOGIN_STEP_GONE");
    return { step: await signIn.showStep(id) };
  });

  api.post("/login/passkey/options", { config: { open: true } }, async (): Promise<PasskeyOptionsAnswer> => {
    return { options: await signIn.describePasskey() };
  });

  api.post("/login/passkey", { config: { open: true } }, async (request, reply): Promise<Me | LoginStep> => {
    const { passkey } = parseInput(passkeyLoginRequest, request.body);
    const context = { source: requestSource(request) };
    return finishSignIn(options, request, reply, await signIn.authenticateByPasskey(passkey, context));
  });

  api.post("/logout", async (request, reply): Promise<SignedOut | undefined> => {
    const { loginHash, apiToken, userId, name } = requireCaller(request);
    const session = loginHash === null ? null : await proxy.stores.providerSessions.find(loginHash);
    if (apiToken !== null) {
      await apiTokens.remove(userId, apiToken.id);
      await proxy.checkSessions();
      const about = { targetId: userId, targetName: name };
      proxy.audit({ action: "apitoken.revoke", outcome: "success", ...about, ...auditActor(request) });
    } else if (loginHash !== null) {
      await endLogin(options, loginHash);
      proxy.audit({ action: "logout", outcome: "success", ...auditActor(request) });
    }
    void reply.clearCookie(LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS);
    const next = session && (await redirects.endSession(session, `${pagesOrigin(proxy)}/`));
    if (next !== null) return { next };
    return reply.code(204).send();
  });
}
