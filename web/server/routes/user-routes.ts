import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { foldName, type Clock } from "../../../protocol/index.ts";
import { LOCAL_PROVIDER, SERVICE_PROVIDER, type Proxy, type UserRecord } from "../../../proxy/index.ts";
import {
  passwordRequest,
  takenRequest,
  userChange,
  userCreateRequest,
  userQuery,
  type CreatedUser,
  type TakenNames,
  type UserHoldings,
  type UserRow,
} from "../../api/schemas.ts";
import { InputInvalid, refuse } from "../http-errors.ts";
import { accountEntry } from "../guard/actor.ts";
import { auditAhead, auditOrUndo } from "../guard/audit-grant.ts";
import { requireConfirmed } from "../guard/caller.ts";
import { requireMatch, sendTag } from "../guard/if-match.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import { NO_PASSWORD, type Passwords } from "../sign-in/passwords.ts";
import { requireFreeName } from "../sign-in/free-name.ts";

const PASSWORD_BYTES = 12;

interface UserRoutesContext {
  readonly proxy: Proxy;
  readonly passwords: Passwords;
  readonly clock: Clock;
}

/** People's accounts, for administrators; auditors may read them. */
export function routeUsers(api: FastifyInstance, { proxy, passwords, clock }: UserRoutesContext): void {
  const { users, logins, tokens, machines, dataDisks } = proxy.stores;

  api.get("/users", async (request): Promise<UserRow[]> => {
    requirePower(request, "audit");
    const { search, role, state, after, limit } = parseInput(userQuery, request.query);
    const found = await users.list({
      limit,
      ...(search !== undefined && { search }),
      ...(role !== undefined && { role }),
      ...(state !== undefined && { state }),
      ...(after !== undefined && { after }),
    });
    return found.map(serializeUser);
  });

  api.post("/users/taken", async (request): Promise<TakenNames> => {
    requirePower(request, "audit");
    const { names } = parseInput(takenRequest, request.body);
    const taken = await users.findTaken(names);
    return { names: names.filter((name) => taken.has(foldName(name))) };
  });

  api.get("/users/:id", async (request, reply): Promise<UserRow> => {
    requirePower(request, "audit");
    return serializeUser(sendTag(reply, await find(request)));
  });

  api.get("/users/:id/holdings", async (request): Promise<UserHoldings> => {
    requirePower(request, "audit");
    const { id, name } = await find(request);
    const now = clock.now();
    const [open, owned] = await Promise.all([logins.listByUser(id, now), machines.listByOwner(id)]);
    return {
      logins: open.length,
      tokens: await tokens.countOpen(id, now),
      machines: owned.length,
      dataDisks: await dataDisks.countOwned(name),
    };
  });

  api.post("/users", async (request, reply): Promise<CreatedUser> => {
    requirePower(request, "administer");
    const { name, role, password, email, service } = parseInput(userCreateRequest, request.body);
    if (role === "admin") requireConfirmed(request);
    await requireFreeName(users, name);
    await checkAddress(email);
    if (service && password !== undefined)
      throw new InputInvalid("password", "a service account has no password.");
    const made = service ? undefined : (password ?? makePassword());
    const passwordHash = made === undefined ? NO_PASSWORD : await passwords.hash(made);
    const provider = service ? SERVICE_PROVIDER : LOCAL_PROVIDER;
    const user = await users.add({ name, role, passwordHash, provider, email: email ?? null });
    await auditOrUndo(proxy, accountEntry(request, "user.create", user, { role }), () =>
      users.remove(user.id),
    );
    void reply.code(201);
    return {
      ...serializeUser(sendTag(reply, user)),
      ...(password === undefined && made !== undefined && { password: made }),
    };
  });

  api.patch("/users/:id", async (request, reply): Promise<UserRow> => {
    requirePower(request, "administer");
    const { role, email, state } = parseInput(userChange, request.body);
    const user = await find(request);
    if (opensAccount(user, { role, email, state })) requireConfirmed(request);
    await checkAddress(email, user);
    await requireMatch(request, user, (...version) => users.takeVersion(...version));
    if (role !== undefined && role !== user.role)
      await auditAhead(proxy, accountEntry(request, "user.role", user, { role }), () =>
        users.setRole(user.id, role),
      );
    if (email !== undefined && email !== user.email)
      await auditAhead(proxy, accountEntry(request, "user.change", user), () =>
        users.update(user.id, { email }),
      );
    if (state === "enabled" && user.disabledAt !== null)
      await auditAhead(proxy, accountEntry(request, "user.enable", user), () => users.enable(user.id));
    if (state === "disabled" && user.disabledAt === null) {
      await users.disable(user.id);
      proxy.audit(accountEntry(request, "user.disable", user));
    }
    await proxy.checkSessions();
    return serializeUser(sendTag(reply, (await users.find(user.id)) ?? user));
  });

  api.post("/users/:id/password", async (request): Promise<{ password?: string }> => {
    requirePower(request, "administer");
    requireConfirmed(request);
    const { password } = parseInput(passwordRequest, request.body);
    const user = await find(request);
    if (user.provider !== LOCAL_PROVIDER) throw refuse("PASSWORD_ELSEWHERE");
    const made = password ?? makePassword();
    const passwordHash = await passwords.hash(made);
    await auditAhead(proxy, accountEntry(request, "user.password", user), () =>
      users.setPassword(user.id, passwordHash),
    );
    await proxy.checkSessions();
    return password === undefined ? { password: made } : {};
  });

  api.delete("/users/:id", async (request, reply) => {
    requirePower(request, "administer");
    const user = await find(request);
    await checkLeavesNothing(user);
    await requireMatch(request, user, (...version) => users.takeVersion(...version));
    await users.remove(user.id);
    proxy.audit(accountEntry(request, "user.remove", user));
    await proxy.checkSessions();
    return reply.code(204).send();
  });

  async function find(request: FastifyRequest): Promise<UserRecord> {
    const user = await users.find(parseId(request));
    if (user === null) throw refuse("USER_UNKNOWN");
    return user;
  }

  /** People are found by name and by mail address: who has the one must not be found by the other's. */
  async function checkAddress(email: string | null | undefined, user?: UserRecord): Promise<void> {
    const named = typeof email === "string" ? await users.findByName(email) : null;
    if (named !== null && named.id !== user?.id)
      throw refuse("USER_EXISTS", "Another account is called by this mail address.");
  }

  /** Data disks belong to a name: another person of the same name must not find them. */
  async function checkLeavesNothing({ id, name }: UserRecord): Promise<void> {
    const [owned, disks] = await Promise.all([machines.listByOwner(id), dataDisks.countOwned(name)]);
    const left = [
      ...(owned.length > 0 ? [owned.length === 1 ? "1 machine" : `${owned.length} machines`] : []),
      ...(disks > 0 ? [disks === 1 ? "1 data disk" : `${disks} data disks`] : []),
    ];
    if (left.length > 0)
      throw refuse(
        "USER_HAS_MACHINES",
        `${name} still has ${left.join(" and ")}. Remove them first, or disable the account.`,
      );
  }
}

function makePassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

/** Whether a change lets somebody in as an administrator, or by another address: codes for signing in are sent there. */
function opensAccount(user: UserRecord, { role, email, state }: z.output<typeof userChange>): boolean {
  if (role === "admin" || (state === "enabled" && user.disabledAt !== null && user.role === "admin"))
    return true;
  return user.provider === LOCAL_PROVIDER && typeof email === "string" && email !== user.email;
}

export function serializeUser(user: UserRecord): UserRow {
  const { id, name, role, provider, email, createdAt, disabledAt, lastLoginAt } = user;
  const state = disabledAt === null ? "enabled" : "disabled";
  return { id, name, role, state, provider, email, createdAt, lastLoginAt };
}
