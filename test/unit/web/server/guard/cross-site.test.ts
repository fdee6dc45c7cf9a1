import { expect, test } from "vitest";
import { PASSWORD, openWebFixture } from "../../../../support/web-fixture.ts";

const JSON_TYPE = { "content-type": "application/json" };
const OWN = "https://desk.test:8443";

test.each<[string, Record<string, string>, number]>([
  ["same-origin", { "sec-fetch-site": "same-origin" }, 200],
  ["same-site", { "sec-fetch-site": "same-site" }, 403],
  ["cross-site", { "sec-fetch-site": "cross-site" }, 403],
  ["none", { "sec-fetch-site": "none" }, 403],
  ["cross-site with our Origin", { "sec-fetch-site": "cross-site", origin: OWN }, 403],
  ["our Origin", { origin: OWN }, 200],
  ["our Origin in capitals", { origin: "https://DESK.test:8443" }, 200],
  ["our Origin, another port", { origin: "https://desk.test" }, 403],
  ["our Origin over http", { origin: "http://desk.test:8443" }, 403],
  ["another Origin", { origin: "https://evil.test" }, 403],
  ["an Origin that begins like ours", { origin: `${OWN}.evil.test` }, 403],
  ["a null Origin", { origin: "null" }, 403],
  ["neither", {}, 403],
])("%s", async (_name, headers, status) => {
  const { ask } = await openWebFixture();
  const body = { name: "anna", password: PASSWORD };
  const sent = { "sec-fetch-site": undefined, ...headers };
  const answer = await ask("POST", "/api/v1/login", { body, headers: sent });
  expect(answer.status).toBe(status);
  if (status === 403) expect(answer.body).toMatchObject({ error: { code: "CROSS_SITE" } });
});

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])(
  "a change that is not JSON (%s) is refused",
  async (type) => {
    const { ask, signIn } = await openWebFixture();
    const as = await signIn("anna");
    const answer = await ask("POST", "/api/v1/logout", { as, headers: { "content-type": type } });
    expect(answer).toMatchObject({ status: 415, body: { error: { code: "JSON_REQUIRED" } } });
    expect((await ask("GET", "/api/v1/me", { as })).status).toBe(200);
  },
);

test("a DELETE from another site is refused too; a GET is not a change", async () => {
  const { ask, signIn } = await openWebFixture();
  const as = await signIn("anna");
  const headers = { ...JSON_TYPE, "sec-fetch-site": "cross-site" };
  expect((await ask("DELETE", "/api/v1/machines/m1", { as, headers })).status).toBe(403);
  expect((await ask("GET", "/api/v1/me", { as, headers })).status).toBe(200);
});

test("headers that keep other sites out, and no HSTS", async () => {
  const { ask } = await openWebFixture();
  for (const path of ["/", "/api/v1/me", "/healthz", "/nowhere"]) {
    const { headers } = await ask("GET", path);
    const policy = String(headers["content-security-policy"]).split(";");
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("connect-src 'self' wss://desk.test:8443");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.join(" ")).not.toContain("unsafe");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["x-frame-options"]).toBe("DENY");
    expect(headers["strict-transport-security"]).toBeUndefined();
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});
