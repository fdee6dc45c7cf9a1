import type { FastifyReply, FastifyRequest } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import type { LoginStep, Me } from "../../api/schemas.ts";
import { requestSource } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { powersOf } from "../guard/powers.ts";
import { DEVICE_COOKIE, DEVICE_COOKIE_OPTIONS, type Devices } from "../sign-in/devices.ts";
import { LOGIN_COOKIE, LOGIN_COOKIE_OPTIONS, type Logins } from "../sign-in/logins.ts";
import type { SignInOutcome } from "../sign-in/sign-in-service.ts";

export interface LoginContext {
  readonly proxy: Proxy;
  readonly logins: Logins;
  readonly devices: Devices;
  /** Ends a login's event streams. */
  readonly endStreams: (loginHash: string) => void;
}

/** The step that this browser's sign-in waits at. */
export const STEP_COOKIE = "__Host-postern-step";
const STEP_COOKIE_OPTIONS = { path: "/", httpOnly: true, secure: true, sameSite: "strict" } as const;

/** A step is shown to the browser that began the sign-in alone: a link to a stranger's step would sign somebody in as the stranger. */
export function keepStep(reply: FastifyReply, id: string): void {
  void reply.setCookie(STEP_COOKIE, id, STEP_COOKIE_OPTIONS);
}

type SignedIn = Extract<SignInOutcome, { kind: "account" }>;

/** Opens the login of a person who has shown who they are, once its audit line is written, and gives the browser its cookies. */
export async function openLogin(
  context: LoginContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { user, provider, session }: SignedIn,
): Promise<Me> {
  const { proxy, logins, devices } = context;
  const { id, name, role } = user;
  const source = requestSource(request);
  const device = devices.find(request.cookies[DEVICE_COOKIE], name);
  const origin = { address: source?.address ?? null, browser: request.headers["user-agent"] ?? null };
  const comesFrom = session && { provider, session: session.id, hint: session.hint };
  const entry = {
    outcome: "success",
    actor: id,
    actorName: name,
    method: provider,
    ...(source && { source }),
  } as const;
  const cookie = await auditAhead(proxy, { action: "login.success", ...entry }, () =>
    logins.open(id, origin, comesFrom),
  );
  // The browser's earlier login ends.
  const earlier = await logins.find(request.cookies[LOGIN_COOKIE]);
  if (earlier !== null) await endLogin(context, earlier.hash);
  void reply.setCookie(LOGIN_COOKIE, cookie, LOGIN_COOKIE_OPTIONS);
  void reply.setCookie(DEVICE_COOKIE, devices.issue(name, device ?? undefined), DEVICE_COOKIE_OPTIONS);
  if (request.cookies[STEP_COOKIE] !== undefined) void reply.clearCookie(STEP_COOKIE, STEP_COOKIE_OPTIONS);
  return { name, role, powers: [...powersOf(role)] };
}

/** Opens the login, or says what is asked next. */
export async function finishSignIn(
  context: LoginContext,
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: SignInOutcome,
): Promise<Me | LoginStep> {
  if (outcome.kind === "account") return openLogin(context, request, reply, outcome);
  keepStep(reply, outcome.step.id);
  void reply.code(202);
  return { step: outcome.step };
}

/** Its streams and sessions end too, here at once and on other servers within seconds. */
export async function endLogin({ proxy, logins, endStreams }: LoginContext, hash: string): Promise<void> {
  await logins.end(hash);
  endStreams(hash);
  await proxy.checkSessions();
}
