import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import {
  loginStepRequest,
  passkeyLoginRequest,
  type LoginStep,
  type Me,
  type PasskeyOptionsAnswer,
} from "../../api/schemas.ts";
import { auditActor, requestSource } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireCaller } from "../guard/caller.ts";
import { powersOf } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";
import { DEVICE_COOKIE, DEVICE_COOKIE_OPTIONS, type Devices } from "../sign-in/devices.ts";
import { LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS, type Logins } from "../sign-in/logins.ts";
import type { SignInOutcome, SignInService } from "../sign-in/sign-in-service.ts";

export interface LoginRoutesContext {
  readonly proxy: Proxy;
  readonly logins: Logins;
  readonly devices: Devices;
  readonly signIn: SignInService;
  /** Ends a login's event streams. */
  readonly endStreams: (loginHash: string) => void;
}

export function routeLogin(api: FastifyInstance, options: LoginRoutesContext): void {
  const { proxy, logins, devices, signIn, endStreams } = options;

  api.get("/me", (request): Me => {
    const { name, role } = requireCaller(request);
    return { name, role, powers: [...powersOf(role)] };
  });

  api.post("/login", { config: { open: true } }, async (request, reply): Promise<Me | LoginStep> => {
    const credentials = parseInput(signIn.request, request.body);
    const source = requestSource(request);
    const device = devices.find(request.cookies[DEVICE_COOKIE], credentials.name);
    return finish(request, reply, await signIn.authenticate(credentials, { source, device }));
  });

  api.post("/login/step", { config: { open: true } }, async (request, reply): Promise<Me | LoginStep> => {
    const { id, answers } = parseInput(loginStepRequest, request.body);
    const context = { source: requestSource(request) };
    return finish(request, reply, await signIn.proceed(id, answers, context));
  });

  api.post("/login/passkey/options", { config: { open: true } }, async (): Promise<PasskeyOptionsAnswer> => {
    return { options: await signIn.describePasskey() };
  });

  api.post("/login/passkey", { config: { open: true } }, async (request, reply): Promise<Me | LoginStep> => {
    const { passkey } = parseInput(passkeyLoginRequest, request.body);
    const context = { source: requestSource(request) };
    return finish(request, reply, await signIn.authenticateByPasskey(passkey, context));
  });

  /** Opens the login, or says what is asked next. */
  async function finish(
    request: FastifyRequest,
    reply: FastifyReply,
    outcome: SignInOutcome,
  ): Promise<Me | LoginStep> {
    if (outcome.kind === "step") {
      void reply.code(202);
      return { step: outcome.step };
    }
    const { id, name, role } = outcome.user;
    const source = requestSource(request);
    const device = devices.find(request.cookies[DEVICE_COOKIE], name);
    const origin = { address: source?.address ?? null, browser: request.headers["user-agent"] ?? null };
    const entry = {
      outcome: "success",
      actor: id,
      actorName: name,
      method: outcome.provider,
      ...(source && { source }),
    } as const;
    const cookie = await auditAhead(proxy, { action: "login.success", ...entry }, () =>
      logins.open(id, origin),
    );
    // The browser's earlier login ends.
    const earlier = await logins.find(request.cookies[LOGIN_COOKIE]);
    if (earlier !== null) await endLogin(earlier.hash);
    void reply.setCookie(LOGIN_COOKIE, cookie, LOGIN_COOKIE_OPTIONS);
    void reply.setCookie(DEVICE_COOKIE, devices.issue(name, device ?? undefined), DEVICE_COOKIE_OPTIONS);
    return { name, role, powers: [...powersOf(role)] };
  }

  api.post("/logout", async (request, reply) => {
    const { loginHash } = requireCaller(request);
    if (loginHash !== null) {
      await endLogin(loginHash);
      proxy.audit({ action: "logout", outcome: "success", ...auditActor(request) });
    }
    void reply.clearCookie(LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS);
    return reply.code(204).send();
  });

  /** Its streams and sessions end too, here at once and on other servers within seconds. */
  async function endLogin(hash: string): Promise<void> {
    await logins.end(hash);
    endStreams(hash);
    await proxy.checkSessions();
  }
}
