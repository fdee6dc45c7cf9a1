import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import type { Me } from "../../api/schemas.ts";
import { auditActor, requestSource } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireCaller } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";
import { DEVICE_COOKIE, DEVICE_COOKIE_OPTIONS, type Devices } from "../sign-in/devices.ts";
import { LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS, type Logins } from "../sign-in/logins.ts";
import type { SignInService } from "../sign-in/sign-in-service.ts";

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
    return { name, role };
  });

  api.post("/login", { config: { open: true } }, async (request, reply): Promise<Me> => {
    const credentials = parseInput(signIn.request, request.body);
    const source = requestSource(request);
    const device = devices.find(request.cookies[DEVICE_COOKIE], credentials.name);
    const { id, name, role } = await signIn.authenticate(credentials, { source, device });
    const entry = { outcome: "success", actor: id, actorName: name, ...(source && { source }) } as const;
    const cookie = await auditAhead(proxy, { action: "login.success", ...entry }, () => logins.open(id));
    // The browser's earlier login ends.
    const earlier = await logins.find(request.cookies[LOGIN_COOKIE]);
    if (earlier !== null) await endLogin(earlier.hash);
    void reply.setCookie(LOGIN_COOKIE, cookie, LOGIN_COOKIE_OPTIONS);
    void reply.setCookie(DEVICE_COOKIE, devices.issue(name, device ?? undefined), DEVICE_COOKIE_OPTIONS);
    return { name, role };
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

  /** Its streams and sessions end too, here at once and on other servers within seconds. */
  async function endLogin(hash: string): Promise<void> {
    await logins.end(hash);
    endStreams(hash);
    await proxy.checkSessions();
  }
}
