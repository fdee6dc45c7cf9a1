import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { once } from "node:events";
import { json } from "node:stream/consumers";
import type { Operation } from "../../web/api/operations/index.ts";
import { apiScope } from "../../web/api/schemas.ts";
import type { ApiTokenRecord } from "../../proxy/index.ts";
import { ApiFactors } from "./api-factors.ts";
import type { FakeOpenIdProvider } from "./fake-openid-provider.ts";
import { makeLogin } from "./make-login.ts";
import { makeMachineStatus, PASSWORD, type WebFixture } from "./web-fixture.ts";

/** Who sends a request of the authorization matrix. */
export const ASKERS = ["anonymous", "user", "other", "operator", "auditor", "admin", "token"] as const;
export type Asker = (typeof ASKERS)[number];

const HOST = "agent-1";
const DISK = { owner: "anna", name: "home", state: "here", sizeGb: 20, bytes: 1, usedAt: 1 } as const;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Ids of what was made for a request, by the word of the path that is about them. */
type Things = Readonly<Record<string, string>>;

/** Which of the things is meant where the path does not tell. */
const SPECIAL_IDS: Things = { "DELETE /desktops/:id": "old", "POST /users/:id/api-tokens": "service" };

/** What has to be different from the table's example. */
function describeBodies(key: string): Readonly<Record<string, object>> {
  return {
    "POST /machines": { image: "memtest86plus", name: `new-${key}`, memoryMb: 256 },
    "POST /machines/:id/adopt": { hostId: HOST },
    "POST /users": { name: `new-${key}` },
    "POST /tokens": { desktop: `m-${key}` },
    "POST /tickets": { desktop: `m-${key}` },
    "POST /repeater-ids": { desktop: `m-${key}` },
    "POST /ca/retire": { force: true },
    "POST /groups": { name: `new-${key}` },
    "POST /grants": { to: `group:teachers-${key}`, on: `desktop:none-${key}` },
    "POST /me/password": { current: PASSWORD, password: PASSWORD },
    "POST /login": { password: PASSWORD },
    "POST /invitations/show": { secret: secretOf(key) },
    "POST /invitations/accept": { secret: secretOf(key), name: `new-${key}` },
  };
}

/** Of an invitation. */
const secretOf = (key: string) => key.padEnd(43, "i");

/** As another server sends it: it says nothing about where it comes from. */
function describeForm(bodyType: string, headers: Record<string, string>, body: unknown) {
  return {
    payload: new URLSearchParams(body as Record<string, string>).toString(),
    headers: { ...headers, "content-type": bodyType, "sec-fetch-site": undefined },
  };
}

/** Everybody who asks, and for each request a fresh set of things that belong to `user`. */
export class ApiPeople {
  readonly #fixture: WebFixture;
  readonly #ids: Readonly<Record<string, string>>;
  #count = 0;
  readonly #machines: string[] = [];
  readonly #factors: ApiFactors;

  private constructor(
    fixture: WebFixture,
    ids: Readonly<Record<string, string>>,
    openId: FakeOpenIdProvider,
  ) {
    this.#fixture = fixture;
    this.#factors = new ApiFactors(fixture, openId);
    this.#ids = ids;
    this.#connectHost();
  }

  /** @param openId `oidc` of the fixture */
  static async open(fixture: WebFixture, openId: FakeOpenIdProvider): Promise<ApiPeople> {
    const { stores } = fixture.proxy;
    const passwordHash = (await stores.users.find(fixture.annaId))?.passwordHash ?? "";
    const operator = await stores.users.add({ name: "olga", role: "operator", passwordHash });
    const auditor = await stores.users.add({ name: "alan", role: "auditor", passwordHash });
    const ben = await stores.users.findByName("ben");
    await stores.agents.add({ id: HOST, name: "host-1", kind: "host", admitted: true, publicKey: "k" });
    const ids = {
      user: fixture.annaId,
      other: ben?.id ?? "",
      operator: operator.id,
      auditor: auditor.id,
      admin: fixture.adminId,
      token: fixture.adminId,
    };
    return new ApiPeople(fixture, ids, openId);
  }

  /** Sends the request that the table of the API shows, for fresh things; answers with the status, and the code of a refusal. */
  async ask(operation: Operation, asker: Asker): Promise<{ status: number; code: string; body: unknown }> {
    const { method, bodyType } = operation;
    const headers = await this.#identify(operation, asker);
    const { path, body } = await this.#prepare(operation, asker, headers);
    const url = `/api/v1${path}`;
    if (operation.path === "/events") return { ...(await this.#open(url, headers)), body: null };
    const answer = await this.#fixture.ask(
      method,
      url,
      bodyType === undefined ? { headers, body } : describeForm(bodyType, headers, body),
    );
    await this.#forget();
    const { error } = answer.body as { error?: { code: string } };
    return { status: answer.status, code: error?.code ?? "", body: answer.body };
  }

  async #identify(operation: Operation, asker: Asker): Promise<Record<string, string>> {
    const { stores } = this.#fixture.proxy;
    const userId = this.#ids[asker];
    if (userId === undefined) return {};
    const now = this.#fixture.clock.now();
    const secret = randomBytes(32).toString("base64url");
    if (asker !== "token") {
      await stores.logins.create(sha256(secret), { ...makeLogin(userId, now), id: secret });
      return { cookie: `__Host-postern=${secret}` };
    }
    // Every scope but the one that it takes.
    const scopes = apiScope.options.filter((scope) => scope !== operation.scope);
    await stores.apiTokens.create(sha256(`pst_${secret}`), {
      ...{ id: secret, userId, name: "weak", scopes, sources: [] },
      ...{ createdAt: now, expiresAt: now + 3_600_000, lastUsedAt: null },
    });
    return { authorization: `Bearer pst_${secret}` };
  }

  async #prepare(
    operation: Operation,
    asker: Asker,
    headers: Record<string, string>,
  ): Promise<{ path: string; body: unknown }> {
    this.#count += 1;
    const key = `n${this.#count}`;
    const { method, path, pathExample = {}, queryExample, bodyExample } = operation;
    const parts = path.split("/");
    const things = await this.#make(key, asker, parts);
    const own: Things = { ...pathExample, ...things };
    const kind = (parts[1] === "me" ? parts[2] : parts[1]) ?? "";
    const id = SPECIAL_IDS[`${method} ${path}`] ?? kind;
    const filled = path.replace(/:(\w+)/g, (_all, name: string) =>
      encodeURIComponent(own[name === "id" ? id : name] ?? ""),
    );
    const query = new URLSearchParams(queryExample).toString();
    const route = `${method} ${path}`;
    const changed = describeBodies(key)[route] ?? (await this.#factors.describeBody(route, { key, headers }));
    return {
      path: query === "" ? filled : `${filled}?${query}`,
      body: changed === undefined ? bodyExample : { ...(bodyExample as object), ...changed },
    };
  }

  async #make(key: string, asker: Asker, [, kind = "", , part]: readonly string[]): Promise<Things> {
    if (part === "access") return this.#makeAccess(key);
    if (kind === "groups" || kind === "grants") return this.#makeGroup(key);
    if (kind === "invitations" || kind.startsWith("sign-up")) return this.#makeNewcomer(key);
    if (kind === "labels") return this.#makeLabels(key);
    if (kind === "users") return this.#makePeople(key);
    if (kind === "me") return this.#makeOwn(key, this.#ids[asker]);
    if (kind === "agents" || kind === "hosts") return this.#makeAgent(key);
    if (kind === "device-logins") return this.#makeDeviceLogin(key);
    return /^(machines|desktops|tokens|tickets|sessions|repeater-ids)$/.test(kind)
      ? this.#makeMachine(key)
      : {};
  }

  async #makeMachine(key: string): Promise<Things> {
    const { stores } = this.#fixture.proxy;
    const now = this.#fixture.clock.now();
    const owner = this.#fixture.annaId;
    const name = `m-${key}`;
    const machine = { image: "memtest86plus", state: "running", cpus: 1, memoryMb: 64 } as const;
    await stores.machines.add({ ...machine, id: name, name, ownerId: owner, lifetimeMs: 3_600_000 });
    const expiresAt = now + 3_600_000;
    await stores.machines.update(name, { agentId: HOST, expiresAt });
    this.#machines.push(name);
    const desktop = await stores.desktops.publish(HOST, name, name);
    const old = await stores.desktops.publish(HOST, `old-${key}`, null);
    await stores.desktops.withdraw(HOST, `old-${key}`);
    const token = await stores.tokens.create({
      ...{ desktopId: desktop.id, token: key.padEnd(8, "x"), role: "control", createdBy: owner, expiresAt },
    });
    await stores.sessions.open({
      ...{ id: `x-${key}`, desktopId: desktop.id, desktopName: "d", agentId: HOST, serverId: "server-1" },
      ...{ method: "ticket", transport: "websocket", role: "control", subject: owner },
      ...{ sourceAddress: "192.0.2.7", startedAt: now },
    });
    return { machines: name, desktops: desktop.id, old: old.id, tokens: token.id, sessions: `x-${key}` };
  }

  /** A group of which `ben` is a member, and a grant to him. */
  async #makeGroup(key: string): Promise<Things> {
    const { groups, grants } = this.#fixture.proxy.stores;
    const group = await groups.add({ name: `teachers-${key}`, limits: { machines: 1000 } });
    const userId = this.#ids["other"] ?? "";
    await groups.addMember(group.id, userId);
    const grant = await grants.add({
      ...{ holder: { userId }, may: "none", target: "desktop", pattern: `none-${key}` },
      createdBy: this.#fixture.adminId,
    });
    return { groups: group.id, grants: grant.id, userId };
  }

  /** A machine of `user`, and a person who is granted its desktop. */
  async #makeAccess(key: string): Promise<Things> {
    const things = { ...(await this.#makeMachine(key)), ...(await this.#makePeople(key)) };
    await this.#fixture.proxy.stores.grants.add({
      ...{ holder: { userId: things["users"] ?? "" }, may: "view", target: "desktop", pattern: `m-${key}` },
      createdBy: this.#fixture.adminId,
    });
    return things;
  }

  /** Somebody who was invited, and somebody who asks. */
  async #makeNewcomer(key: string): Promise<Things> {
    const { groups, invitations, signUps } = this.#fixture.proxy.stores;
    const createdAt = this.#fixture.clock.now();
    const times = { createdAt, expiresAt: createdAt + 3_600_000 };
    const group = await groups.add({ name: `guests-${key}` });
    const invitation = { role: "user", groupIds: [group.id], name: null, email: null } as const;
    const made = { ...invitation, ...times, id: `i-${key}`, createdBy: this.#fixture.adminId };
    await invitations.create(sha256(secretOf(key)), made, 1000);
    const asked = { id: `r-${key}`, name: `asker-${key}`, reason: "r", source: "192.0.2.7" };
    await signUps.add({ ...asked, ...times, passwordHash: "h" });
    return { invitations: `i-${key}`, "sign-up-requests": `r-${key}` };
  }

  async #makeLabels(key: string): Promise<Things> {
    const things = await this.#makeAgent(key);
    await this.#fixture.proxy.stores.labels.set({ agentId: `a-${key}` }, ["room-12"]);
    return things;
  }

  async #makePeople(key: string): Promise<Things> {
    const { stores } = this.#fixture.proxy;
    const now = this.#fixture.clock.now();
    const user = await stores.users.add({ name: `u-${key}`, role: "user", passwordHash: "h" });
    const service = await stores.users.add({
      ...{ name: `s-${key}`, role: "operator", passwordHash: "", provider: "service" },
    });
    await stores.logins.create(sha256(key), { ...makeLogin(user.id, now), id: `l-${key}` });
    await stores.apiTokens.create(`t-${key}`, this.#describeToken(`t-${key}`, user.id));
    await this.#factors.addApp(user.id);
    return { users: user.id, service: service.id, loginId: `l-${key}`, tokenId: `t-${key}` };
  }

  async #makeOwn(key: string, userId: string | undefined): Promise<Things> {
    if (userId === undefined) return {};
    const { stores } = this.#fixture.proxy;
    const login = { ...makeLogin(userId, this.#fixture.clock.now()), id: `own-${key}` };
    await stores.logins.create(sha256(`own-${key}`), login);
    await stores.apiTokens.create(`own-${key}`, this.#describeToken(`own-${key}`, userId));
    const factors = await this.#factors.addApp(userId);
    return { logins: `own-${key}`, "api-tokens": `own-${key}`, factors };
  }

  async #makeAgent(key: string): Promise<Things> {
    const id = `a-${key}`;
    await this.#fixture.proxy.stores.agents.add({ id, name: id, kind: "host", publicKey: key });
    return { agents: id, hosts: id };
  }

  async #makeDeviceLogin(key: string): Promise<Things> {
    const now = this.#fixture.clock.now();
    const digits = [...String(this.#count).padStart(8, "0")];
    const code = digits.map((digit) => "BCDFGHJKLM"[Number(digit)]).join("");
    const times = { createdAt: now, expiresAt: now + 3_600_000 };
    const device = { name: "laptop", scopes: ["read"], address: null, userId: null, ...times };
    await this.#fixture.proxy.stores.deviceLogins.create(sha256(`d-${key}`), sha256(code), device, 1000);
    return { code };
  }

  #describeToken(id: string, userId: string): ApiTokenRecord {
    const now = this.#fixture.clock.now();
    const times = { createdAt: now, expiresAt: now + 3_600_000, lastUsedAt: null };
    return { id, userId, name: "t", scopes: ["read"], sources: [], ...times };
  }

  /** What people have counts against what they may have. */
  async #forget(): Promise<void> {
    const { stores } = this.#fixture.proxy;
    for (const { id } of await stores.machines.list()) await stores.machines.remove(id);
    for (const { id } of await stores.tokens.list()) await stores.tokens.revoke(id);
    for (const id of Object.values(this.#ids)) await stores.factors.removeAll(id);
    this.#machines.length = 0;
  }

  #connectHost(): void {
    const answer =
      (state: "running" | "paused" | "stopped" | "stopping") =>
      ({ id }: { id: string }) =>
        makeMachineStatus(id, { name: id, state });
    const snapshots = [{ name: "before the update", createdAt: 1, withMemory: true, bytes: 1 }];
    const image = {
      ...{ id: "memtest86plus", title: "Memtest86+", description: "Tests the memory.", available: true },
      ...{ memoryMb: { default: 256, min: 64 }, cpus: { default: 1, min: 1 } },
    };
    this.#fixture.proxy.connectHost(HOST, {
      "machine.list": () => this.#machines.map((id) => makeMachineStatus(id, { name: id, state: "running" })),
      "image.list": () => [image],
      "disk.list": () => [DISK],
      "disk.remove": () => ({}),
      "machine.start": answer("running"),
      "machine.stop": answer("stopping"),
      "machine.pause": answer("paused"),
      "machine.resume": answer("running"),
      "machine.reset": answer("running"),
      "machine.keep": answer("running"),
      "machine.save": answer("stopped"),
      "machine.remove": () => ({}),
      "machine.snapshots": () => snapshots,
      "machine.snapshot": () => snapshots,
      "machine.snapshot-remove": () => snapshots,
      "machine.restore": answer("running"),
      "machine.boot-log": () => ({ text: "Linux", truncated: false }),
      "machine.credential": () => ({ credential: null }),
      "machine.save-as-image": () => image,
      "machine.screenshot": () => ({ png: "iVBORw0KGgo=", width: 1, height: 1 }),
    });
  }

  /** The status of a stream, which does not end by itself. */
  async #open(path: string, headers: Record<string, string>): Promise<{ status: number; code: string }> {
    const { port } = this.#fixture;
    const request = http.get({
      host: "127.0.0.1",
      port,
      path,
      agent: false,
      headers: { host: "desk.test:8443", ...headers },
    });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const { statusCode: status = 0 } = response;
    if (status < 400) {
      request.destroy();
      return { status, code: "" };
    }
    const { error } = (await json(response)) as { error: { code: string } };
    return { status, code: error.code };
  }
}
