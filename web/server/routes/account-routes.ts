import type { FastifyInstance, FastifyRequest } from "fastify";
import { LOCAL_PROVIDER, type LoginRecord, type Proxy, type UserRecord } from "../../../proxy/index.ts";
import { loginParams, ownPasswordRequest, type LoginRow, type OwnAccount } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { accountEntry, requestSource } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requireCaller, requireOwnAccount } from "../guard/caller.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import type { Logins } from "../sign-in/logins.ts";
import type { PasswordThrottle } from "../sign-in/password-throttle.ts";
import type { Passwords } from "../sign-in/passwords.ts";
import { serializeUser } from "./user-routes.ts";

interface AccountRoutesContext {
  readonly proxy: Proxy;
  readonly logins: Logins;
  readonly passwords: Passwords;
  readonly throttle: PasswordThrottle;
}

/** A person's own account, password, and logins: one's own, and those of others for administrators. */
export function routeAccount(api: FastifyInstance, context: AccountRoutesContext): void {
  const { proxy, logins, passwords, throttle } = context;
  const { stores } = proxy;

  api.get("/me/account", async (request): Promise<OwnAccount> => {
    const { userId, shared } = requireCaller(request);
    return { ...serializeUser(await findUser(userId)), ...(shared && { shared }) };
  });

  api.post("/me/password", async (request, reply) => {
    const { userId, loginHash } = requireOwnAccount(request);
    const { current, password } = parseInput(ownPasswordRequest, request.body);
    const user = await findUser(userId);
    if (user.provider !== LOCAL_PROVIDER) throw refuse("PASSWORD_ELSEWHERE");
    await confirm(request, user, current);
    const passwordHash = await passwords.hash(password);
    await auditAhead(proxy, accountEntry(request, "user.password", user, { reason: "SELF" }), () =>
      stores.users.setPassword(user.id, passwordHash, loginHash),
    );
    await proxy.checkSessions();
    return reply.code(204).send();
  });

  api.get("/me/logins", async (request): Promise<LoginRow[]> => {
    const { userId, loginHash, shared } = requireCaller(request);
    const own = await serializeLogins(userId, loginHash);
    // Of the others nobody knows who they are: neither may they be shown where they are.
    return shared ? own.filter(({ current }) => current) : own;
  });

  api.delete("/me/logins/:id", async (request, reply) => {
    const { userId, loginHash, shared } = requireCaller(request);
    const id = parseId(request);
    if (shared && !(await isOwn(id, loginHash))) throw refuse("LOGIN_UNKNOWN");
    await endOne(request, await findUser(userId), id);
    return reply.code(204).send();
  });

  /** All but the one that asks. */
  api.delete("/me/logins", async (request, reply) => {
    const { userId, loginHash } = requireOwnAccount(request);
    await endAll(request, await findUser(userId), loginHash);
    return reply.code(204).send();
  });

  api.get("/users/:id/logins", async (request): Promise<LoginRow[]> => {
    const { loginHash } = requirePower(request, "audit");
    return serializeLogins((await findUser(parseId(request))).id, loginHash);
  });

  api.delete("/users/:id/logins/:loginId", async (request, reply) => {
    requirePower(request, "administer");
    const { id, loginId } = parseInput(loginParams, request.params);
    await endOne(request, await findUser(id), loginId);
    return reply.code(204).send();
  });

  api.delete("/users/:id/logins", async (request, reply) => {
    const { userId, loginHash } = requirePower(request, "administer");
    const user = await findUser(parseId(request));
    await endAll(request, user, user.id === userId ? loginHash : null);
    return reply.code(204).send();
  });

  async function findUser(id: string): Promise<UserRecord> {
    const user = await stores.users.find(id);
    if (user === null) throw refuse("USER_UNKNOWN");
    return user;
  }

  /** Who finds a browser open must not take the account with it. */
  async function confirm(request: FastifyRequest, user: UserRecord, password: string): Promise<void> {
    const source = requestSource(request);
    const attempt = {
      address: source?.address ?? "socket",
      account: user.name,
      device: `confirm ${user.id}`,
    };
    throttle.begin(attempt);
    if (!(await passwords.verify(password, user.passwordHash, "known"))) {
      proxy.audit({
        ...accountEntry(request, "user.password", user),
        outcome: "failure",
        reason: "PASSWORD_WRONG",
      });
      throw refuse("PASSWORD_WRONG");
    }
    throttle.succeed(attempt);
  }

  async function isOwn(id: string, loginHash: string | null): Promise<boolean> {
    return loginHash !== null && (await logins.findByHash(loginHash))?.id === id;
  }

  async function serializeLogins(userId: string, loginHash: string | null): Promise<LoginRow[]> {
    const own = loginHash === null ? null : await logins.findByHash(loginHash);
    return (await logins.list(userId)).map((login) => serializeLogin(login, login.id === own?.id));
  }

  async function endOne(request: FastifyRequest, user: UserRecord, id: string): Promise<void> {
    if (!(await stores.logins.removeById(user.id, id))) throw refuse("LOGIN_UNKNOWN");
    proxy.audit(accountEntry(request, "login.end", user, { count: 1 }));
    await proxy.checkSessions();
  }

  async function endAll(request: FastifyRequest, user: UserRecord, except: string | null): Promise<void> {
    const count = await stores.logins.removeOthers(user.id, except);
    proxy.audit(accountEntry(request, "login.end", user, { count }));
    await proxy.checkSessions();
  }
}

function serializeLogin(login: LoginRecord, current: boolean): LoginRow {
  const { id, address, browser, createdAt, lastSeenAt, expiresAt } = login;
  return { id, address, browser, createdAt, lastSeenAt, expiresAt, current };
}
