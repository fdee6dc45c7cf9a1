import { expect, test, vi } from "vitest";
import { pino } from "pino";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

test.each([
  ["GET", `${API}/nowhere`],
  ["POST", `${API}/nowhere`],
  ["PUT", `${API}/me`],
  ["GET", "/api/v2/me"],
  ["GET", "/somewhere"],
])("%s %s: nothing there, as JSON", async (method, path) => {
  const { ask } = await openWebFixture();
  const answer = await ask(method, path);
  expect(answer).toMatchObject({ status: 404, body: { error: { code: "ROUTE_UNKNOWN" } } });
});

test("every refusal is a problem of RFC 9457, with a code, and what programs read before beside it", async () => {
  const { ask } = await openWebFixture();
  const answer = await ask("GET", `${API}/machines`);
  expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
  const { error, ...problem } = answer.body as { error: { code: string; message: string } };
  expect(problem).toEqual({
    type: "urn:postern:error:LOGIN_REQUIRED",
    title: "Unauthorized",
    status: 401,
    detail: error.message,
    code: "LOGIN_REQUIRED",
  });
  expect(error.code).toBe("LOGIN_REQUIRED");
});

test("too large, broken JSON, a broken address, JSON of another shape: each has its code", async () => {
  const { ask, signIn } = await openWebFixture();
  const as = await signIn("anna");
  const post = (body: unknown) => ask("POST", `${API}/tokens`, { as, body });
  expect(await post({ desktop: "x".repeat(70_000) })).toMatchObject({
    status: 413,
    body: { error: { code: "BODY_TOO_LARGE" } },
  });
  expect(await ask("GET", "/api/v1/machines/%zz", { as })).toMatchObject({
    status: 400,
    body: { error: { code: "INPUT_INVALID" } },
  });
  expect(await ask("POST", `${API}/tokens`, { as, payload: "{ no" })).toMatchObject({
    status: 400,
    body: { error: { code: "INPUT_INVALID" } },
  });
  expect(await post([1, 2])).toMatchObject({ status: 400, body: { error: { code: "INPUT_INVALID" } } });
});

test("X6: a body that costs more to parse than its bytes tell is too large, before anybody signed in", async () => {
  const { ask, signIn } = await openWebFixture();
  const as = await signIn("anna");
  const keys = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join()}}`;
  for (const payload of ["[".repeat(5_000) + "]".repeat(5_000), keys(2_100)])
    expect(await ask("POST", `${API}/login`, { payload })).toMatchObject({
      status: 413,
      body: { error: { code: "BODY_TOO_LARGE" } },
    });
  expect(await ask("POST", `${API}/login`, { payload: keys(2_000) })).toMatchObject({ status: 400 });
  expect(await ask("POST", `${API}/tokens`, { as, payload: '{"__proto__": {"a": 1}}' })).toMatchObject({
    status: 400,
    body: { error: { code: "INPUT_INVALID" } },
  });
});

test("a fault of ours is answered without its details and logged with them", async () => {
  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
  const { ask, signIn, proxy } = await openWebFixture({ log });
  const as = await signIn("anna");
  vi.spyOn(proxy, "openSessions").mockImplementation(() => {
    throw new Error("inner detail");
  });
  const answer = await ask("GET", `${API}/machines`, { as });
  expect(answer).toMatchObject({ status: 500, body: { error: { code: "INTERNAL" } } });
  expect(JSON.stringify(answer.body)).not.toContain("inner detail");
  expect(lines.join("")).toContain("inner detail");
});

test("health: reachable without a login, under both addresses", async () => {
  const { ask, clock, proxy } = await openWebFixture();
  for (const path of ["/healthz", `${API}/healthz`])
    expect(await ask("GET", path)).toMatchObject({ status: 200, body: { status: "ok" } });
  vi.spyOn(proxy.stores.users, "count").mockRejectedValue(new Error("away"));
  clock.advance(1000);
  expect(await ask("GET", "/healthz")).toMatchObject({ status: 503, body: { status: "unavailable" } });
});

test("the service CA: for anybody", async () => {
  const { ask, proxy } = await openWebFixture();
  const body = { certificate: proxy.caCertificate, fingerprint: proxy.fingerprint };
  expect(await ask("GET", `${API}/ca`)).toMatchObject({ status: 200, body });
});
