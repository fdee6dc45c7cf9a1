import http from "node:http";
import { expect, test } from "vitest";
import { openWebFixture, type WebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

async function withAdministrator() {
  const fixture = await openWebFixture();
  const as = await fixture.signIn("admin");
  const post = (path: string, key: string | undefined, body: unknown) =>
    fixture.ask("POST", API + path, { as, body, headers: { "idempotency-key": key } });
  return { ...fixture, as, post };
}

const countGroups = async ({ proxy }: Pick<WebFixture, "proxy">) =>
  (await proxy.stores.groups.list({ limit: 10 })).length;

test("what is sent again is done once, and answered as the first time", async () => {
  const { post, proxy } = await withAdministrator();
  const first = await post("/groups", "k1", { name: "lab" });
  expect(first.status).toBe(201);
  const again = await post("/groups", "k1", { name: "lab" });
  expect({ status: again.status, body: again.body }).toEqual({ status: 201, body: first.body });
  expect(await countGroups({ proxy })).toBe(1);
  expect(proxy.audited.filter(({ action }) => action === "group.add")).toHaveLength(1);
  // Without a key, and with another one, it is something new.
  expect(await post("/groups", undefined, { name: "lab" })).toMatchObject({ status: 409 });
  expect(await post("/groups", "k2", { name: "lab" })).toMatchObject({ status: 409 });
});

test("of two at once one is done", async () => {
  const { post, proxy } = await withAdministrator();
  const answers = await Promise.all(Array.from({ length: 4 }, () => post("/groups", "k1", { name: "lab" })));
  const codes = answers.map(({ status, body }) =>
    status === 201 ? "made" : (body as { code: string }).code,
  );
  // Those that come when it is done have its answer.
  expect(codes).toContain("made");
  expect(codes.every((code) => ["made", "REQUEST_RUNNING"].includes(code))).toBe(true);
  expect(await countGroups({ proxy })).toBe(1);
});

test("one key is for one request of one account", async () => {
  const { post, proxy, ask, signIn } = await withAdministrator();
  await post("/groups", "k1", { name: "lab" });
  for (const [path, body] of [
    ["/groups", { name: "other" }],
    ["/grants", { to: "group:lab", may: "see", on: "desktop:x" }],
  ] as const)
    expect(await post(path, "k1", body)).toMatchObject({ status: 422, body: { code: "REQUEST_OTHER" } });
  expect(await countGroups({ proxy })).toBe(1);
  const anna = await ask("POST", `${API}/groups`, {
    ...{ as: await signIn("anna"), body: { name: "lab" }, headers: { "idempotency-key": "k1" } },
  });
  expect(anna).toMatchObject({ status: 403, body: { code: "ADMIN_REQUIRED" } });
});

test("a refusal is judged anew", async () => {
  const { post } = await withAdministrator();
  const grant = { to: "group:lab", may: "see", on: "desktop:x" };
  expect(await post("/grants", "k1", grant)).toMatchObject({ status: 404, body: { code: "GROUP_UNKNOWN" } });
  await post("/groups", undefined, { name: "lab" });
  expect(await post("/grants", "k1", grant)).toMatchObject({ status: 201 });
});

test("who has another role by now does not get the answer of before", async () => {
  const { post, proxy, ask, signIn, annaId } = await withAdministrator();
  await proxy.stores.users.setRole(annaId, "admin");
  const askAnna = async () =>
    ask("POST", `${API}/groups`, {
      ...{ as: await signIn("anna"), body: { name: "lab" }, headers: { "idempotency-key": "k" } },
    });
  expect(await askAnna()).toMatchObject({ status: 201 });
  await proxy.stores.users.setRole(annaId, "user");
  expect(await askAnna()).toMatchObject({ status: 403 });
  expect(await post("/groups", "k", { name: "lab" })).toMatchObject({ status: 409 });
});

test("a secret that is told once is not told again", async () => {
  const { post, proxy } = await withAdministrator();
  const token = { name: "ci", scopes: ["read"], ttlSeconds: 60 };
  for (const [path, body] of [
    ["/users", { name: "carl" }],
    ["/me/api-tokens", token],
    ["/join-secrets", { role: "agent" }],
  ] as const) {
    expect(await post(path, path, body), path).toMatchObject({ status: 201 });
    expect(await post(path, path, body), path).toMatchObject({
      ...{ status: 409, body: { code: "REQUEST_TOLD_ONCE" } },
    });
  }
  const created = proxy.audited.filter(({ action }) => /^(user|apitoken|join)\.create$/.test(action));
  expect(created).toHaveLength(3);
  // This one was not made here.
  const chosen = { name: "dora", password: "a long enough one" };
  expect(await post("/users", "k", chosen)).toMatchObject({ status: 201 });
  expect(await post("/users", "k", chosen)).toMatchObject({ status: 201, body: { name: "dora" } });
  expect(await post("/users", "k", { ...chosen, password: "another long one" })).toMatchObject({
    status: 422,
  });
});

test("a day later it is forgotten", async () => {
  const { post, clock, signIn, ask } = await withAdministrator();
  await post("/groups", "k1", { name: "lab" });
  clock.advance(24 * 3_600_000);
  const later = await ask("POST", `${API}/groups`, {
    ...{ as: await signIn("admin"), body: { name: "other" }, headers: { "idempotency-key": "k1" } },
  });
  expect(later).toMatchObject({ status: 201 });
});

test("a caller that did not wait for the answer gets it with the next request", async () => {
  const { as, port, post, proxy } = await withAdministrator();
  const add = proxy.stores.groups.add.bind(proxy.stores.groups);
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const begun = new Promise<void>((resolve) => {
    proxy.stores.groups.add = async (group) => {
      resolve();
      await held;
      return add(group);
    };
  });
  const body = JSON.stringify({ name: "lab" });
  const request = http.request({
    ...{ host: "127.0.0.1", port, method: "POST", path: `${API}/groups`, agent: false },
    headers: {
      ...{ host: "desk.test:8443", "sec-fetch-site": "same-origin", "content-type": "application/json" },
      ...{ cookie: as, "idempotency-key": "k1", "content-length": body.length },
    },
  });
  const gone = new Promise((resolve) => request.on("close", resolve));
  request.on("error", () => undefined);
  request.end(body);
  await begun;
  request.destroy();
  await gone;
  goOn();
  await expect.poll(async () => (await post("/groups", "k1", { name: "lab" })).status).toBe(201);
  expect(await countGroups({ proxy })).toBe(1);
});

test.each(["", "with a blank", "x".repeat(256)])("%j is no key", async (key) => {
  const { post } = await withAdministrator();
  expect(await post("/groups", key, { name: "lab" })).toMatchObject({
    ...{ status: 400, body: { code: "INPUT_INVALID" } },
  });
});
