import { expect, test } from "vitest";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const CA = "/api/v1/ca";

test("administrators replace the service CA, and see who has not been here since; the log tells of it", async () => {
  const { ask, signIn, proxy, adminId } = await openWebFixture();
  const as = await signIn("admin");
  await proxy.stores.agents.add({ id: "a", name: "mill", kind: "agent", publicKey: "a" });
  const status = {
    fingerprint: proxy.fingerprint,
    previous: null,
    behind: [{ id: "a", name: "mill", lastSeenAt: null }],
  };
  expect(await ask("GET", `${CA}/status`, { as })).toMatchObject({ status: 200, body: status });
  expect(await ask("POST", `${CA}/rotate`, { as })).toMatchObject({ status: 200, body: status });
  expect(proxy.asked).toEqual(["ca rotate"]);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "ca.rotate", actor: adminId });
  const refused = await ask("POST", `${CA}/retire`, { as });
  expect(refused).toMatchObject({ status: 409, body: { error: { code: "CA_AGENTS_BEHIND" } } });
  expect(proxy.audited.at(-1)).toMatchObject({ action: "ca.rotate" });
  expect((await ask("POST", `${CA}/retire`, { as, body: { force: true } })).status).toBe(200);
  expect(proxy.audited.at(-1)).toMatchObject({ action: "ca.retire", actor: adminId });
});

test.each([
  ["GET", "status"],
  ["POST", "rotate"],
  ["POST", "retire"],
])("%s %s is for administrators", async (method, act) => {
  const { ask, signIn, proxy } = await openWebFixture();
  expect((await ask(method, `${CA}/${act}`)).status).toBe(401);
  expect((await ask(method, `${CA}/${act}`, { as: await signIn("anna") })).status).toBe(403);
  expect(proxy.asked).toEqual([]);
});
