import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import { loginRequest, type Me } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { requireCaller } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";
import { requestSource } from "../guard/request-source.ts";
import { LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS, type Logins } from "../sign-in/logins.ts";
import type { Passwords } from "../sign-in/passwords.ts";
import type { PasswordThrottle } from "../sign-in/password-throttle.ts";

export interface LoginRoutesContext {
  readonly proxy: Proxy;
  readonly logins: Logins;
  readonly passwords: Passwords;
  readonly throttle: PasswordThrottle;
  /** Ends the live streams that a login has open. */
  readonly endStreams: (loginHash: string) => void;
}

export function routeLogin(api: FastifyInstance, options: LoginRoutesContext): void {
  const { proxy, logins, passwords, throttle, endStreams } = options;

  api.get("/me", (request): Me => {
    const { name, role } = requireCaller(request);
    return { name, role };
  });

  api.post("/login", { config: { open: true } }, async (request, reply): Promise<Me> => {
    const { name, password } = parseInput(loginRequest, request.body);
    const source = requestSource(request);
    const address = source?.address ?? "socket";
    try {
      throttle.begin(address, name);
    } catch (error) {
      const reason = "LOGIN_THROTTLED";
      proxy.audit({ action: "login.failure", outcome: "failure", reason, ...(source && { source }) });
      throw error;
    }
    const user = await proxy.stores.users.findByName(name);
    const right = await passwords.verify(password, user?.passwordHash ?? null);
    const about = { ...(source && { source }), ...(user && { actor: user.id, actorName: user.name }) };
    if (user === null || user.disabledAt !== null || !right) {
      proxy.audit({ action: "login.failure", outcome: "failure", reason: "LOGIN_REFUSED", ...about });
      throw refuse("LOGIN_REFUSED");
    }
    throttle.succeed(address, name);
    // A new login replaces the one that the same browser had.
    const earlier = await logins.find(request.cookies[LOGIN_COOKIE]);
    if (earlier !== null) await endLogin(earlier.hash);
    void reply.setCookie(LOGIN_COOKIE, await logins.open(user.id), LOGIN_COOKIE_OPTIONS);
    proxy.audit({ action: "login.success", outcome: "success", ...about });
    return { name: user.name, role: user.role };
  });

  api.post("/logout", async (request, reply) => {
    const { loginHash } = requireCaller(request);
    if (loginHash !== null) {
      await endLogin(loginHash);
      proxy.audit({ action: "logout", outcome: "success", ...auditActor(request) });
    }
    void reply.clearCookie(LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS);
    return reply.code(204).send();
  });

  /** Ends with it what it has open, here at once and on other servers within seconds. */
  async function endLogin(hash: string): Promise<void> {
    await logins.end(hash);
    endStreams(hash);
    await proxy.checkSessions();
  }
}
