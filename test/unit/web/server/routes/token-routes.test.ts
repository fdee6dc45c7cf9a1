import { expect, test } from "vitest";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

async function open(limits: unknown = {}) {
  const fixture = await openWebFixture({ limits });
  const { stores } = fixture.proxy;
  for (const id of ["a1", "a2"])
    await stores.agents.add({ id, name: `lab-${id}`, kind: "agent", publicKey: id });
  await stores.machines.add({
    id: "m1",
    name: "hers",
    image: "debian",
    ownerId: fixture.annaId,
    state: "running",
    cpus: 1,
    memoryMb: 64,
  });
  await stores.machines.update("m1", { agentId: "a1" });
  const hers = await stores.desktops.publish("a1", "hers", "m1");
  const admin = await fixture.signIn("admin");
  const make = (body: object, as = admin, path = "/tokens") => fixture.ask("POST", API + path, { as, body });
  return { ...fixture, stores, hers, admin, anna: await fixture.signIn("anna"), make };
}

test("a token tells its value once, and the address for viewers", async () => {
  const { make, hers, anna, ask, proxy, annaId } = await open();
  const answer = await make({ desktop: "hers", role: "view", ttlSeconds: 60 }, anna);
  expect(answer).toMatchObject({
    status: 201,
    body: { token: "abcd2345", desktop: "hers", role: "view", address: "desk.test:5900" },
  });
  const { id } = answer.body as { id: string };
  const list = (await ask("GET", `${API}/tokens`, { as: anna })).body;
  expect(list).toMatchObject([{ id, desktop: "hers", role: "view", state: "open" }]);
  expect(JSON.stringify(list)).not.toContain("abcd2345");
  const line = proxy.audited.at(-1);
  expect(line).toMatchObject({ action: "token.create", actor: annaId, desktopId: hers.id });
  expect(JSON.stringify(line)).not.toContain("abcd2345");
});

test("without further words: control, an hour", async () => {
  const { make, clock } = await open();
  const { body } = await make({ desktop: "hers" });
  expect(body).toMatchObject({ role: "control", expiresAt: clock.now() + 3600_000 });
});

test("one's own tokens can be revoked, administrators revoke all; an expired one says so", async () => {
  const { make, admin, anna, ask, clock, stores } = await open();
  const { id } = (await make({ desktop: "hers", ttlSeconds: 60 })).body as { id: string };
  expect((await ask("GET", `${API}/tokens`, { as: anna })).body).toEqual([]);
  const foreign = await ask("DELETE", `${API}/tokens/${id}`, { as: anna });
  expect(foreign).toMatchObject({ status: 404, body: { error: { code: "TOKEN_UNKNOWN" } } });
  clock.advance(60_000);
  expect((await ask("GET", `${API}/tokens`, { as: admin })).body).toMatchObject([{ id, state: "expired" }]);
  expect((await ask("DELETE", `${API}/tokens/${id}`, { as: admin })).status).toBe(204);
  expect(await stores.tokens.list()).toEqual([]);
});

test("a token is denied what was asked for, and can be changed by those who may revoke it", async () => {
  const { make, anna, ask, stores, proxy, annaId } = await open();
  const deny = ["power", "clipboard-out"];
  const made = await make({ desktop: "hers", deny }, anna);
  expect(made).toMatchObject({ status: 201, body: { denied: deny } });
  const { id } = made.body as { id: string };
  const foreign = (await make({ desktop: "hers" })).body as { id: string };
  const change = (token: string, body: object) => ask("PATCH", `${API}/tokens/${token}`, { as: anna, body });
  expect(await change(id, { role: "view" })).toMatchObject({
    status: 200,
    body: { role: "view", denied: ["clipboard-out", "power"], desktop: "hers" },
  });
  expect(proxy.checks).toBe(1);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "token.change", actor: annaId });
  expect((await change(id, { deny: [] })).body).toMatchObject({ role: "view", denied: [] });
  const stored = (await stores.tokens.list()).find((token) => token.id === id);
  expect(stored).toMatchObject({ role: "view", denied: [] });
  for (const other of [foreign.id, "none"])
    expect(await change(other, { role: "view" })).toMatchObject({
      status: 404,
      body: { error: { code: "TOKEN_UNKNOWN" } },
    });
  expect((await ask("DELETE", `${API}/tokens/${id}`, { as: anna })).status).toBe(204);
  expect(proxy.checks).toBe(3);
});

test("a ticket: address, sub-protocols, and an audit line without them", async () => {
  const { make, hers, anna, proxy } = await open();
  const answer = await make({ desktop: hers.id }, anna, "/tickets");
  expect(answer).toMatchObject({
    status: 201,
    body: { url: "wss://desk.test:8443/rfb", protocols: ["binary", `ticket.${hers.id}`], desktop: "hers" },
  });
  expect(proxy.audited.at(-1)).toMatchObject({ action: "ticket.create", desktopId: hers.id });
  expect(JSON.stringify(proxy.audited.at(-1))).not.toContain("ticket.desk");
});

test.each(["/tokens", "/tickets"])("%s: an ambiguous name is answered with the choices", async (path) => {
  const { make, stores, admin } = await open();
  await stores.desktops.publish("a1", "desk", null);
  await stores.desktops.publish("a2", "desk", null);
  const answer = await make({ desktop: "desk" }, admin, path);
  expect(answer).toMatchObject({ status: 409, body: { error: { code: "DESKTOP_AMBIGUOUS" } } });
  const { choices } = (answer.body as { error: { choices: string[] } }).error;
  expect(choices.sort()).toEqual(["lab-a1/desk", "lab-a2/desk"]);
  for (const choice of choices) expect((await make({ desktop: choice }, admin, path)).status).toBe(201);
});

test("of two desktops of one name neither is meant because the other one is away", async () => {
  const { make, stores } = await open();
  await stores.desktops.publish("a2", "hers", null);
  for (const away of ["a1", "a2"]) {
    await stores.desktops.withdraw(away, "hers");
    const answer = await make({ desktop: "hers" });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: "DESKTOP_AMBIGUOUS" } } });
    await stores.desktops.publish(away, "hers", null);
  }
});

test("agents of one name are told apart by their ids; a user's choices are only what the user may see", async () => {
  const { make, stores, anna } = await open();
  await stores.agents.add({ id: "a3", name: "lab-a1", kind: "agent", publicKey: "a3" });
  await stores.desktops.publish("a3", "hers", null);
  const { error } = (await make({ desktop: "hers" })).body as { error: { choices: string[] } };
  expect(error.choices.sort()).toEqual(["a1/hers", "a3/hers"]);
  expect((await make({ desktop: "hers" }, anna)).status).toBe(201);
});

test.each([
  [{}, "desktop"],
  [{ desktop: "" }, "desktop"],
  [{ desktop: "hers", role: "own" }, "role"],
  [{ desktop: "hers", ttlSeconds: 0 }, "ttlSeconds"],
  [{ desktop: "hers", ttlSeconds: "60" }, "ttlSeconds"],
  [{ desktop: { $ne: 1 } }, "desktop"],
  [{ desktop: "hers", deny: "power" }, "deny"],
  [{ desktop: "hers", deny: ["pover"] }, "deny.0"],
])("%j is no request for a token", async (body, field) => {
  const { make } = await open();
  const answer = await make(body);
  expect(answer).toMatchObject({ status: 400, body: { error: { code: "INPUT_INVALID" } } });
  expect((answer.body as { error: { message: string } }).error.message).toContain(`"${field}"`);
});

test("a person may have so many tokens that work, however many are asked for at once", async () => {
  const { make, anna, admin, clock } = await open({ roles: { user: { tokens: 3 } } });
  const ask = () => make({ desktop: "hers", ttlSeconds: 60 }, anna);
  const answers = await Promise.all(Array.from({ length: 6 }, ask));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 403, 403, 403]);
  expect(await ask()).toMatchObject({ status: 403, body: { error: { code: "LIMIT_TOKENS" } } });
  expect((await make({ desktop: "hers" }, admin)).status).toBe(201);
  clock.advance(60_000);
  expect((await ask()).status).toBe(201);
});
