import { expect, test } from "vitest";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

async function open() {
  const { ask, signIn, proxy, annaId } = await openWebFixture();
  const as = await signIn("admin");
  const group = await proxy.stores.groups.add({ name: "lab" });
  const send = (method: string, path: string, tag?: string, body: unknown = {}) =>
    ask(method, API + path, { as, body, headers: { "if-match": tag } });
  const tagOf = async (path: string) => (await send("GET", path)).headers.etag ?? "";
  return { send, tagOf, proxy, user: `/users/${annaId}`, group: `/groups/${group.id}`, annaId };
}

const REFUSED = { status: 412, body: { code: "CHANGED_MEANWHILE" } };

test("a change of what somebody else changed is refused, and changes nothing", async () => {
  const { send, tagOf, proxy, user, annaId } = await open();
  const tag = await tagOf(user);
  expect(tag).toMatch(/^"\d+"$/);
  const first = await send("PATCH", user, tag, { email: "a@example.org" });
  expect(first).toMatchObject({ status: 200, body: { email: "a@example.org" } });
  expect(first.headers.etag).toBe(await tagOf(user));
  expect(await send("PATCH", user, tag, { email: "b@example.org", role: "operator" })).toMatchObject(REFUSED);
  expect(await send("DELETE", user, tag)).toMatchObject(REFUSED);
  expect(await proxy.stores.users.find(annaId)).toMatchObject({ email: "a@example.org", role: "user" });
  expect(await send("PATCH", user, first.headers.etag, { email: "b@example.org" })).toMatchObject({
    status: 200,
  });
});

test("of two at once with the same tag one goes on", async () => {
  const { send, tagOf, group } = await open();
  const tag = await tagOf(group);
  const answers = await Promise.all(
    [1, 2, 3].map((machines) => send("PATCH", group, tag, { limits: { machines } })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  expect(await send("DELETE", group, tag)).toMatchObject(REFUSED);
  expect(await send("DELETE", group, await tagOf(group))).toMatchObject({ status: 204 });
});

test.each([
  ["role", (path: string) => ["PATCH", path, { role: "operator" }] as const],
  ["state", (path: string) => ["PATCH", path, { state: "disabled" }] as const],
  ["password", (path: string) => ["POST", `${path}/password`, {}] as const],
])("another %s is another version; a sign-in is none", async (_what, describe) => {
  const { send, tagOf, proxy, user, annaId } = await open();
  const tag = await tagOf(user);
  await proxy.stores.users.update(annaId, { lastLoginAt: 7 });
  expect(await tagOf(user)).toBe(tag);
  const [method, path, body] = describe(user);
  expect(await send(method, path, undefined, body)).toMatchObject({ status: 200 });
  expect(await tagOf(user)).not.toBe(tag);
});

test("without a tag, and with `*`, nothing is asked; one of several is enough; a weak or foreign one does not count", async () => {
  const { send, tagOf, user } = await open();
  const change = async (tag: string | undefined, email: string) =>
    (await send("PATCH", user, tag, { email: `${email}@example.org` })).status;
  expect(await change(undefined, "a")).toBe(200);
  expect(await change("*", "b")).toBe(200);
  expect(await change(`"1000", ${await tagOf(user)}`, "c")).toBe(200);
  expect(await change(`W/${await tagOf(user)}`, "d")).toBe(412);
  for (const tag of ["nonsense", '""', '"x"', '"1', '"99999999999999999999"', ","])
    expect(await change(tag, "d"), tag).toBe(412);
});
