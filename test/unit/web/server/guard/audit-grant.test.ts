import { expect, test } from "vitest";
import type { AuditEntry } from "../../../../../proxy/index.ts";
import { RequestError } from "../../../../../protocol/index.ts";
import { auditAhead } from "../../../../../web/server/guard/audit-grant.ts";
import { openWebFixture, PASSWORD } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

async function open() {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  await stores.agents.add({ id: "h1", name: "rack-1", kind: "host", publicKey: "k" });
  const machine = { name: "hers", image: "debian", ownerId: fixture.annaId, cpus: 1, memoryMb: 64 } as const;
  await stores.machines.add({ id: "m1", state: "running", ...machine });
  await stores.machines.update("m1", { agentId: "h1" });
  await stores.desktops.publish("h1", "hers", "m1");
  return { ...fixture, stores, admin: await fixture.signIn("admin") };
}

const RIGHTS: readonly (readonly [string, string, object])[] = [
  ["POST", "/join-secrets", {}],
  ["POST", "/tokens", { desktop: "hers", ttlSeconds: 60 }],
  ["POST", "/tickets", { desktop: "hers" }],
  ["POST", "/repeater-ids", { server: "old" }],
  ["POST", "/repeater-ids", { desktop: "hers" }],
  ["POST", "/ca/rotate", {}],
  ["POST", "/hosts/h1/drain", { drained: false }],
  ["POST", "/machines/m1/save-as-image", { image: "mine", title: "Mine" }],
  ["GET", "/machines/m1/boot-log", {}],
];

test.each(RIGHTS)("%s %s %j waits for its line, and gives nothing without it", async (method, path, body) => {
  const { ask, admin, proxy, stores } = await open();
  const { asked } = proxy;
  const before = [...asked];
  proxy.auditFails = true;
  const answer = await ask(method, API + path, { as: admin, ...(method === "POST" && { body }) });
  expect(answer).toMatchObject({ status: 503, body: { error: { code: "AUDIT_UNAVAILABLE" } } });
  expect(answer.headers["retry-after"]).toBeDefined();
  expect(await stores.tokens.list()).toEqual([]);
  expect(asked).toEqual(before);
});

test("nobody is signed in without a line", async () => {
  const { ask, proxy } = await open();
  proxy.auditFails = true;
  const answer = await ask("POST", `${API}/login`, { body: { name: "anna", password: PASSWORD } });
  expect(answer).toMatchObject({ status: 503, body: { error: { code: "AUDIT_UNAVAILABLE" } } });
  expect(answer.headers["set-cookie"]).toBeUndefined();
});

test("a token keeps its rights while a wider one cannot be written down", async () => {
  const { ask, admin, proxy, stores } = await open();
  const made = await ask("POST", `${API}/tokens`, { as: admin, body: { desktop: "hers", role: "view" } });
  const { id } = made.body as { id: string };
  proxy.auditFails = true;
  const path = `${API}/tokens/${id}`;
  expect((await ask("PATCH", path, { as: admin, body: { role: "control" } })).status).toBe(503);
  expect(await stores.tokens.find(id)).toMatchObject({ role: "view" });
  // What takes a right away does not wait.
  expect((await ask("DELETE", path, { as: admin })).status).toBe(204);
});

test("what fails after its line has a second line that says so", async () => {
  const lines: AuditEntry[] = [];
  const audit = (entry: AuditEntry): void => void lines.push(entry);
  const writer = { audit, auditDurably: (entry: AuditEntry) => Promise.resolve(audit(entry)) };
  const act = () => Promise.reject(new RequestError("CA_ROTATING", "no"));
  await expect(auditAhead(writer, { action: "ca.rotate", outcome: "success" }, act)).rejects.toThrow("no");
  expect(lines.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ["success", undefined],
    ["failure", "CA_ROTATING"],
  ]);
});
