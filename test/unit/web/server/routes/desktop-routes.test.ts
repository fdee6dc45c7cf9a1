import { expect, test } from "vitest";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const SHOWN = "/api/v1/desktops/shown";

async function open(agents: number) {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  const ids: string[] = [];
  for (let number = 0; number < agents; number += 1) {
    const id = `a${number}`;
    await stores.agents.add({ id, name: id, kind: "agent", publicKey: id });
    ids.push((await stores.desktops.publish(id, "desk", null)).id);
  }
  const tell = (as: string, desktops: unknown) => fixture.ask("POST", SHOWN, { as, body: { desktops } });
  return { ...fixture, stores, ids, tell };
}

test("what a page shows, a viewer is expected of: each agent once, and only what is online and known", async () => {
  const { proxy, stores, ids, tell, signIn } = await open(3);
  const admin = await signIn("admin");
  const other = await stores.desktops.publish("a0", "other", null);
  await stores.desktops.withdraw("a2", "desk");
  expect((await tell(admin, [...ids, other.id, "none"])).status).toBe(204);
  expect(proxy.expected).toEqual(["a0", "a1"]);
});

test("nobody can have connections made to desktops that are not theirs to see", async () => {
  const { proxy, ids, tell, signIn, ask } = await open(1);
  expect((await tell(await signIn("anna"), ids)).status).toBe(204);
  expect((await ask("POST", SHOWN, { body: { desktops: ids } })).status).toBe(401);
  expect(proxy.expected).toEqual([]);
});

test("a page that shows everything has connections made to sixteen agents at most", async () => {
  const { proxy, ids, tell, signIn } = await open(17);
  const admin = await signIn("admin");
  await tell(admin, ids);
  expect(proxy.expected).toHaveLength(16);
  const many = (count: number) => Array.from({ length: count }, (_value, number) => String(number));
  expect((await tell(admin, many(64))).status).toBe(204);
  expect((await tell(admin, many(65))).status).toBe(400);
});

test("an administrator removes a desktop that is gone, and no other", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const { stores } = proxy;
  const [admin, anna] = [await signIn("admin"), await signIn("anna")];
  await stores.agents.add({ id: "gone", name: "lab", kind: "agent", publicKey: "k" });
  const { id } = await stores.desktops.publish("gone", "office", null);
  const remove = (as: string) => ask("DELETE", `/api/v1/desktops/${id}`, { as });
  expect(await remove(admin)).toMatchObject({ status: 409, body: { error: { code: "DESKTOP_IN_USE" } } });
  await stores.desktops.withdraw("gone", "office");
  expect(await remove(anna)).toMatchObject({ status: 403 });
  expect(await remove(admin)).toMatchObject({ status: 204 });
  const about = { desktopId: id, desktopName: "office", agentId: "gone", actorName: "admin" };
  expect(proxy.audited.at(-1)).toMatchObject({ action: "desktop.remove", outcome: "success", ...about });
  expect(await stores.desktops.find(id)).toBeNull();
  expect(await remove(admin)).toMatchObject({ status: 404, body: { error: { code: "DESKTOP_UNKNOWN" } } });
});
