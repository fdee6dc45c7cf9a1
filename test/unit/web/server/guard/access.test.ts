import { expect, test } from "vitest";
import { MEMTEST, openWebFixture, type WebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";
const LOGGED_IN = [
  ["GET", "/me"],
  ["POST", "/logout"],
  ["GET", "/service"],
  ["GET", "/desktops"],
  ["GET", "/machines"],
  ["POST", "/machines"],
  ["GET", "/machines/m1"],
  ["POST", "/machines/m1/start"],
  ["POST", "/machines/m1/stop"],
  ["DELETE", "/machines/m1"],
  ["GET", "/machines/m1/screen.png"],
  ["GET", "/images"],
  ["GET", "/tokens"],
  ["POST", "/tokens"],
  ["DELETE", "/tokens/t1"],
  ["POST", "/tickets"],
  ["GET", "/events"],
] as const;
const ADMINISTRATORS = [
  ["POST", "/join-secrets"],
  ["GET", "/agents"],
  ["GET", "/sessions"],
] as const;

test.each([...LOGGED_IN, ...ADMINISTRATORS])("%s %s needs a login", async (method, path) => {
  const { ask } = await openWebFixture();
  const answer = await ask(method, API + path);
  expect(answer).toMatchObject({ status: 401, body: { error: { code: "LOGIN_REQUIRED" } } });
  expect(answer.headers["cache-control"]).toBe("no-store");
});

test.each(ADMINISTRATORS)("%s %s is for administrators", async (method, path) => {
  const { ask, signIn } = await openWebFixture();
  const user = await ask(method, API + path, { as: await signIn("anna") });
  expect(user).toMatchObject({ status: 403, body: { error: { code: "ADMIN_REQUIRED" } } });
  expect((await ask(method, API + path, { as: await signIn("admin") })).status).toBeLessThan(300);
});

async function withMachines(): Promise<WebFixture & { own: string; foreign: string }> {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  await stores.agents.add({
    id: "agent-1",
    name: "secret-host",
    kind: "host",
    admitted: true,
    publicKey: "k",
  });
  const machine = { image: MEMTEST.id, state: "running", cpus: 1, memoryMb: 64 } as const;
  await stores.machines.add({ ...machine, id: "m-anna", name: "hers", ownerId: fixture.annaId });
  await stores.machines.add({ ...machine, id: "m-admin", name: "theirs", ownerId: fixture.adminId });
  await stores.machines.update("m-anna", { agentId: "agent-1" });
  const own = await stores.desktops.publish("agent-1", "hers", "m-anna");
  const foreign = await stores.desktops.publish("agent-1", "theirs", "m-admin");
  await stores.desktops.publish("agent-1", "bare", null);
  return { ...fixture, own: own.id, foreign: foreign.id };
}

test("users see their own machines and those machines' desktops, and not where they run", async () => {
  const { ask, signIn, own } = await withMachines();
  const as = await signIn("anna");
  const machines = (await ask("GET", `${API}/machines`, { as })).body;
  expect(machines).toMatchObject([{ name: "hers", owner: "anna", desktopId: own, host: null }]);
  const desktops = (await ask("GET", `${API}/desktops`, { as })).body;
  expect(desktops).toMatchObject([{ id: own, name: "hers", machineId: "m-anna" }]);
  expect(JSON.stringify([machines, desktops])).not.toContain("secret-host");
});

test("administrators see all, with hosts", async () => {
  const { ask, signIn } = await withMachines();
  const as = await signIn("admin");
  const machines = (await ask("GET", `${API}/machines`, { as })).body as { name: string }[];
  expect(machines.map(({ name }) => name).sort()).toEqual(["hers", "theirs"]);
  expect(machines.find(({ name }) => name === "hers")).toMatchObject({ host: "secret-host" });
  const desktops = (await ask("GET", `${API}/desktops`, { as })).body as unknown[];
  expect(desktops).toHaveLength(3);
});

test.each([
  ["GET", ""],
  ["POST", "/start"],
  ["POST", "/stop"],
  ["DELETE", ""],
  ["GET", "/screen.png"],
])("%s of somebody else's machine%s: as if there were none", async (method, path) => {
  const { ask, signIn } = await withMachines();
  const as = await signIn("anna");
  const foreign = await ask(method, `${API}/machines/m-admin${path}`, { as });
  const none = await ask(method, `${API}/machines/m-none${path}`, { as });
  expect(foreign).toMatchObject({ status: 404, body: { error: { code: "MACHINE_UNKNOWN" } } });
  expect(foreign.body).toEqual(none.body);
});

test("tokens and tickets for somebody else's desktop are refused, by id and by name", async () => {
  const { ask, signIn, foreign } = await withMachines();
  const as = await signIn("anna");
  for (const path of ["/tokens", "/tickets"])
    for (const desktop of [foreign, "theirs", "secret-host/theirs", "bare"]) {
      const answer = await ask("POST", API + path, { as, body: { desktop } });
      expect(answer).toMatchObject({ status: 404, body: { error: { code: "DESKTOP_UNKNOWN" } } });
    }
});

test("another agent that claims to be a machine's screen is not believed", async () => {
  const { ask, signIn, own, proxy } = await withMachines();
  await proxy.stores.agents.add({ id: "agent-2", name: "liar", kind: "agent", publicKey: "k2" });
  const claimed = await proxy.stores.desktops.publish("agent-2", "hers", "m-anna");
  const as = await signIn("anna");
  expect((await ask("GET", `${API}/machines`, { as })).body).toMatchObject([{ desktopId: own }]);
  expect((await ask("GET", `${API}/desktops`, { as })).body).toMatchObject([{ id: own }]);
  const answer = await ask("POST", `${API}/tickets`, { as, body: { desktop: claimed.id } });
  expect(answer.status).toBe(404);
});
