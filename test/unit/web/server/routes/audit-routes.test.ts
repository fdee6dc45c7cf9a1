import { expect, test } from "vitest";
import { MEMTEST, openWebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

test("administrators read the audit log by filters, and that is written down", async () => {
  const { ask, signIn, proxy, adminId } = await openWebFixture();
  const nobody = { id: null, name: null };
  proxy.auditEvents = [
    {
      ...{ sequence: 7, at: 1, serverId: "server-1", action: "session.start", outcome: "success" },
      ...{ reason: null, actor: nobody, source: { address: "192.0.2.1", port: 7 }, method: "token" },
      otherSource: { address: null, port: null },
      ...{
        transport: "rfb",
        role: "view",
        sessionId: "s",
        desktop: { id: "d", name: "lab" },
        machineId: null,
        machineName: null,
      },
      ...{
        agentId: "a",
        diskName: null,
        tokenId: "t",
        tokenOwner: "anna",
        target: { id: null, name: null },
        group: { id: null, name: null },
        grant: null,
        count: null,
        bytesToViewer: null,
        bytesToServer: null,
        durationMs: null,
      },
    },
  ];
  const query = "since=5&until=9&action=session&actor=anna&desktop=lab&outcome=success&limit=3";
  const as = await signIn("admin");
  const { status, body } = await ask("GET", `${API}/audit?${query}`, { as });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: [{ id: "7", name: "session.start", state: "success", tokenId: "t", desktop: { name: "lab" } }],
  });
  const wanted = { since: 5, until: 9, action: "session", actor: "anna", desktop: "lab" };
  expect(proxy.auditQueries).toEqual([{ ...wanted, outcome: "success", limit: 3 }]);
  const about = { actor: adminId, actorName: "admin", source: { address: "127.0.0.1" } };
  expect(proxy.audited.at(-1)).toMatchObject({ action: "audit.read", ...about });
  await ask("GET", `${API}/audit`, { as });
  expect(proxy.auditQueries.at(-1)).toEqual({ limit: 100 });
  const key = { serverId: "server-1", publicKey: "audit-public-key" };
  expect(await ask("GET", `${API}/audit/key`, { as })).toMatchObject({ status: 200, body: key });
});

test("nobody else reads it, and nonsense is refused", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const [anna, admin] = [await signIn("anna"), await signIn("admin")];
  for (const path of ["/audit", "/audit/key"]) {
    expect(await ask("GET", API + path)).toMatchObject({ status: 401 });
    expect(await ask("GET", API + path, { as: anna })).toMatchObject({ status: 403 });
  }
  for (const query of ["limit=0", "limit=1001", "since=soon", "outcome=maybe", "action="])
    expect(await ask("GET", `${API}/audit?${query}`, { as: admin }), query).toMatchObject({ status: 400 });
  expect(proxy.auditQueries).toEqual([]);
});

test("an administrator's look at somebody's screen is written down once, until nobody looked for ten minutes", async () => {
  const { ask, signIn, proxy, clock, annaId, adminId } = await openWebFixture();
  const machine = { id: "m1", name: "m", image: MEMTEST.id, ownerId: annaId, cpus: 1, memoryMb: 64 };
  await proxy.stores.machines.add({ ...machine, state: "queued" });
  await proxy.stores.machines.update("m1", { agentId: "h1", state: "running" });
  proxy.connectHost("h1", {
    "machine.list": () => new Promise(() => undefined),
    "machine.screenshot": () => ({ png: "", width: 1, height: 1 }),
  });
  const [anna, admin] = [await signIn("anna"), await signIn("admin")];
  const look = async (as: string) => {
    expect(await ask("GET", `${API}/machines/m1/screen.png`, { as })).toMatchObject({ status: 200 });
    return proxy.audited.filter(({ action }) => action === "machine.look").length;
  };
  expect(await look(anna)).toBe(0);
  expect(await look(admin)).toBe(1);
  expect(proxy.audited.at(-1)).toMatchObject({ actor: adminId, machineId: "m1", machineName: "m" });
  for (let minutes = 0; minutes < 20; minutes += 5) {
    clock.advance(300_000);
    expect(await look(admin)).toBe(1);
  }
  clock.advance(599_999);
  expect(await look(admin)).toBe(1);
  clock.advance(600_000);
  expect(await look(admin)).toBe(2);
  expect(await look(anna)).toBe(2);
});
