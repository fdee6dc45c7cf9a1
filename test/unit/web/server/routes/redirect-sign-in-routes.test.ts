import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { FakeOpenIdProvider } from "../../../../support/fake-openid-provider.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";
import { RedirectBrowser } from "../../../../support/redirect-browser.ts";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const BEGIN = "/api/v1/sign-in/oidc";
const LOGOUT = `${BEGIN}/backchannel-logout`;
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

async function open(more: object = {}) {
  const clock = new ManualClock();
  const provider = await FakeOpenIdProvider.start(clock);
  const web = await openWebFixture({
    clock,
    signIn: [{ provider: "local" }, { ...provider.options, ...more }],
  });
  const signIn = async (sid: string) => {
    provider.shape = (claims) => ({ ...claims, sid });
    const browser = new RedirectBrowser(web);
    expect(await browser.comeBack(provider.visit(await browser.begin()))).toBe("/");
    return browser;
  };
  /** As the provider's own server sends it: from nowhere, with a form. */
  const notify = (claims: object) =>
    web.ask("POST", LOGOUT, {
      payload: new URLSearchParams({
        logout_token: provider.signJwt({
          ...{
            iss: provider.issuer,
            aud: "postern",
            iat: provider.nowSeconds(),
            exp: provider.nowSeconds() + 60,
          },
          ...{ events: { [EVENT]: {} }, ...claims },
        }),
      }).toString(),
      headers: { "sec-fetch-site": undefined, "content-type": "application/x-www-form-urlencoded" },
    });
  return { clock, provider, web, signIn, notify };
}

test("a sign-in begins for a person who goes there, with a cookie that is locked down", async () => {
  const { web } = await open();
  const { status, headers } = await web.ask("GET", BEGIN, { headers: { "sec-fetch-dest": "document" } });
  expect(status).toBe(303);
  expect(headers["cache-control"]).toBe("no-store");
  const [set = ""] = headers["set-cookie"] ?? [];
  expect(set).toMatch(/^__Host-postern-sign-in=[\w-]{43}; /);
  for (const flag of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600"])
    expect(set.split("; ")).toContain(flag);
  for (const destination of ["image", "iframe", "empty"]) {
    const refused = await web.ask("GET", BEGIN, { headers: { "sec-fetch-dest": destination } });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "CROSS_SITE" } } });
    expect(refused.headers["set-cookie"]).toBeUndefined();
  }
});

test("who comes by another name of the server is sent to the advertised one, once", async () => {
  const { web } = await open();
  const other = { headers: { host: "127.0.0.1:8443" } };
  const sent = await web.ask("GET", `${BEGIN}?to=/sessions`, other);
  expect(sent.headers.location).toBe(`https://desk.test:8443${BEGIN}?here=1&to=%2Fsessions`);
  // A reverse proxy may hide the name for good.
  expect((await web.ask("GET", `${BEGIN}?here=1`, other)).headers.location).toContain("/authorize?");
});

test.each(["//evil.test", "https://evil.test", "/\\evil.test", "/a?b", `/${"a".repeat(200)}`])(
  "nobody is led to %s",
  async (to) => {
    const { web } = await open();
    const { status } = await web.ask("GET", `${BEGIN}?to=${encodeURIComponent(to)}`);
    expect(status).toBe(400);
  },
);

test("who is asked for more on the way back is at the page that was wanted, then too", async () => {
  const { provider, web } = await open({ requireFactor: true });
  const browser = new RedirectBrowser(web);
  const at = await browser.comeBack(provider.visit(await browser.begin("oidc", "?to=/view/d1")));
  expect(at).toMatch(/^\/view\/d1#step=[\w-]{43}$/);
  expect(await browser.whoAmI()).toBeNull();
  const wall = new RedirectBrowser(web);
  const step = /^\/#step=[\w-]{43}$/;
  expect(await wall.comeBack(provider.visit(await wall.begin()))).toMatch(step);
});

test("providers that are not there, or have no page, are nothing", async () => {
  const { web } = await open();
  for (const id of ["other", "local"])
    for (const path of [id, `${id}/callback?state=x`])
      expect((await web.ask("GET", `/api/v1/sign-in/${path}`)).body).toMatchObject({
        error: { code: "ROUTE_UNKNOWN" },
      });
});

test("going there without end is slowed, one's own source alone, and not by those who come back", async () => {
  const { web, provider, clock } = await open();
  const browser = new RedirectBrowser(web);
  for (let index = 0; index < 3; index += 1)
    expect(await browser.comeBack(provider.visit(await browser.begin()))).toBe("/");
  for (let index = 0; index < 100; index += 1) await browser.begin();
  expect((await browser.go(BEGIN)).headers.location).toBe("/?refused=LOGIN_THROTTLED");
  expect((await web.ask("GET", BEGIN, { from: "127.0.0.2" })).headers.location).toContain("/authorize?");
  expect(web.proxy.audited.at(-1)).toMatchObject({ action: "login.failure", reason: "LOGIN_THROTTLED" });
  clock.advance(60_000);
  await browser.begin();
});

test("signing out leads to the provider with its own token, or stays here where it was told to", async () => {
  const { web, provider, signIn } = await open();
  const browser = await signIn("s-1");
  const out = await browser.post("/api/v1/logout");
  expect(out.status).toBe(200);
  const next = new URL((out.body as { next: string }).next);
  expect(next.origin + next.pathname).toBe(`${provider.issuer}/logout`);
  expect(next.searchParams.get("post_logout_redirect_uri")).toBe("https://desk.test:8443/");
  expect(next.searchParams.get("client_id")).toBe("postern");
  expect(next.searchParams.get("id_token_hint")?.split(".")).toHaveLength(3);
  expect(await browser.whoAmI()).toBeNull();
  const local = await web.signIn("anna");
  expect((await web.ask("POST", "/api/v1/logout", { as: local })).status).toBe(204);
  const here = await open({ logout: false });
  expect((await (await here.signIn("s-1")).post("/api/v1/logout")).status).toBe(204);
});

test("a session that has ended at the provider ends here, at once and alone; a notice counts once", async () => {
  const { web, signIn, notify } = await open();
  const [first, second] = [await signIn("s-1"), await signIn("s-2")];
  const checks = web.proxy.checks;
  expect((await notify({ jti: "j-1", sub: "anna-1", sid: "s-1" })).status).toBe(204);
  expect(await first.whoAmI()).toBeNull();
  expect(await second.whoAmI()).toBe("anna.b");
  expect(web.proxy.checks).toBe(checks + 1);
  const user = await web.proxy.stores.users.findByName("anna.b");
  expect(web.proxy.audited.at(-1)).toMatchObject({
    ...{ action: "login.end", outcome: "success", method: "oidc", count: 1 },
    ...{ targetId: user!.id, targetName: "anna.b" },
  });
  // The person comes back; what was said of before is not said of now.
  const again = await signIn("s-1");
  expect(await notify({ jti: "j-1", sub: "anna-1", sid: "s-1" })).toMatchObject({
    ...{ status: 400, body: { error: { code: "LOGOUT_TOKEN_INVALID" } } },
  });
  expect(web.proxy.audited.at(-1)).toMatchObject({ action: "login.end", outcome: "failure", method: "oidc" });
  expect(await again.whoAmI()).toBe("anna.b");
  expect((await notify({ jti: "j-2", sid: "s-1" })).status).toBe(204);
  expect([await again.whoAmI(), await second.whoAmI()]).toEqual([null, "anna.b"]);
  expect((await notify({ jti: "j-3", sub: "anna-1" })).status).toBe(204);
  expect(await second.whoAmI()).toBeNull();
});

test("nothing but a signed notice of this provider ends anything", async () => {
  const { web, signIn, notify, provider } = await open();
  const browser = await signIn("s-1");
  const form = { "sec-fetch-site": undefined, "content-type": "application/x-www-form-urlencoded" };
  const send = async (payload: string, headers: Record<string, string | undefined> = form) =>
    (await web.ask("POST", LOGOUT, { payload, headers })).status;
  expect(await send("")).toBe(400);
  expect(await send("logout_token=a.b.c")).toBe(400);
  expect(await send("logout_token=a&logout_token=b")).toBe(400);
  expect(await send(`logout_token=${"a".repeat(20_001)}`)).toBe(413);
  expect(await send("{}", { ...form, "content-type": "application/json" })).toBe(415);
  const idToken = (await web.proxy.stores.providerSessions.find(loginHash(browser)))!.hint!;
  expect(await send(`logout_token=${idToken}`)).toBe(400);
  expect((await notify({ jti: "j-1", sub: "anna-1", iss: "https://evil.test" })).status).toBe(400);
  expect((await notify({ jti: "j-1", sub: "nobody" })).status).toBe(204);
  expect(await browser.whoAmI()).toBe("anna.b");
  // Where the provider cannot be asked for its keys, nothing is believed.
  const away = await open();
  const still = await away.signIn("s-1");
  away.clock.advance(301_000);
  away.provider.answers.set("/jwks", (_request, response) => {
    response.writeHead(500).end();
  });
  expect((await away.notify({ jti: "j-1", sub: "anna-1" })).status).toBe(400);
  expect(await still.whoAmI()).toBe("anna.b");
  expect(provider.asked.filter((path) => path === "/jwks")).toHaveLength(1);
});

function loginHash(browser: RedirectBrowser): string {
  return createHash("sha256").update(browser.cookies.get("__Host-postern")!).digest("hex");
}
