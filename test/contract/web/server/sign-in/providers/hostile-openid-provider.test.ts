import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { pino } from "pino";
import { expect, test } from "vitest";
import { CLIENT_ID, FakeOpenIdProvider, type JwtPart } from "../../../../../support/fake-openid-provider.ts";
import { ManualClock } from "../../../../../support/manual-clock.ts";
import { RedirectBrowser } from "../../../../../support/redirect-browser.ts";
import { openWebFixture } from "../../../../../support/web-fixture.ts";

async function open(more: object = {}) {
  const clock = new ManualClock();
  const provider = await FakeOpenIdProvider.start(clock);
  const other = await FakeOpenIdProvider.start(clock);
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const web = await openWebFixture({
    clock,
    log,
    signIn: [{ provider: "local" }, { ...provider.options, ...more }, { ...other.options, id: "other" }],
  });
  return { clock, provider, other, web, browser: new RedirectBrowser(web), lines };
}

test("an honest provider: the person has an account and is signed in, at the page that they wanted", async () => {
  const { provider, web, browser } = await open();
  const away = new URL(await browser.begin("oidc", "?to=/view/d-1"));
  expect(away.origin + away.pathname).toBe(`${provider.issuer}/authorize`);
  const callback = "https://desk.test:8443/api/v1/sign-in/oidc/callback";
  expect(Object.fromEntries(away.searchParams)).toMatchObject({
    response_type: "code",
    client_id: CLIENT_ID,
    redirect_uri: callback,
    scope: "openid profile email",
    code_challenge_method: "S256",
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
  });
  expect(await browser.comeBack(provider.visit(away.href))).toBe("/view/d-1");
  expect(await browser.whoAmI()).toBe("anna.b");
  expect(browser.cookies.has("__Host-postern-sign-in")).toBe(false);
  const user = await web.proxy.stores.users.findByName("anna.b");
  expect(user).toMatchObject({
    provider: "oidc",
    subject: `${provider.issuer} anna-1`,
    role: "user",
    email: null,
  });
  expect(web.proxy.audited).toMatchObject([
    { action: "user.create", method: "oidc" },
    { action: "login.success", method: "oidc", actor: user!.id, source: { address: "127.0.0.1" } },
  ]);
});

const elsewhere = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const FORGED: [string, (provider: FakeOpenIdProvider) => void][] = [
  ["another issuer", (it) => (it.shape = (claims) => ({ ...claims, iss: "https://evil.test" }))],
  ["a nonce of another sign-in", (it) => (it.shape = (claims) => ({ ...claims, nonce: "other" }))],
  ["no nonce", (it) => (it.shape = ({ nonce: _, ...claims }) => claims)],
  ["another client's token", (it) => (it.shape = (claims) => ({ ...claims, aud: "another" }))],
  [
    "several audiences and no party",
    (it) => (it.shape = (claims) => ({ ...claims, aud: [CLIENT_ID, "another"] })),
  ],
  ["an expired token", (it) => (it.shape = (claims) => ({ ...claims, exp: it.nowSeconds() - 61 }))],
  ["a token of the future", (it) => (it.shape = (claims) => ({ ...claims, nbf: it.nowSeconds() + 61 }))],
  ["no subject", (it) => (it.shape = ({ sub: _, ...claims }) => claims)],
  ["an empty subject", (it) => (it.shape = (claims) => ({ ...claims, sub: "" }))],
  ["a subject without end", (it) => (it.shape = (claims) => ({ ...claims, sub: "a".repeat(256) }))],
  ["no signature", (it) => (it.sign = (claims) => `${unsigned({ alg: "none" }, claims)}.`)],
  [
    "a signature that was cut off",
    (it) => (it.sign = (claims) => `${unsigned({ alg: "ES256", kid: "k" }, claims)}.`),
  ],
  ["the public key as a secret", (it) => (it.sign = (claims) => it.signHmac(claims, it.publicPem))],
  ["the client's secret as a key", (it) => (it.sign = (claims) => it.signHmac(claims, "s"))],
  ["another key", (it) => (it.sign = (claims) => it.signJwt(claims, { key: elsewhere }))],
  [
    "an unknown key",
    (it) => (it.sign = (claims) => it.signJwt(claims, { header: { kid: "?" }, key: elsewhere })),
  ],
  [
    "a key in the token itself",
    (it) =>
      (it.sign = (claims) =>
        it.signJwt(claims, {
          header: {
            jwk: createPrivateKey(elsewhere.export({ type: "pkcs8", format: "pem" })).export({
              format: "jwk",
            }),
          },
          key: elsewhere,
        })),
  ],
  ["nonsense", (it) => (it.sign = () => "a.b.c")],
];

test("what an honest provider would not say signs nobody in", async () => {
  const { provider, web, browser } = await open();
  const { shape, sign } = provider;
  for (const [name, forge] of FORGED) {
    Object.assign(provider, { shape, sign });
    forge(provider);
    const back = provider.visit(await browser.begin());
    expect(await browser.comeBack(back), name).toBe("/?refused=LOGIN_ANSWER_INVALID");
    expect(await browser.whoAmI(), name).toBeNull();
  }
  expect(await web.proxy.stores.users.findByName("anna.b")).toBeNull();
  expect(web.proxy.audited).toHaveLength(FORGED.length);
  expect(web.proxy.audited[0]).toMatchObject({
    ...{ action: "login.failure", outcome: "failure", reason: "LOGIN_ANSWER_INVALID", method: "oidc" },
  });
  Object.assign(provider, { shape, sign });
  expect(await browser.comeBack(provider.visit(await browser.begin()))).toBe("/");
});

test("a code and a state count once, and only in the browser that they were made for", async () => {
  const { provider, web, browser } = await open();
  const back = provider.visit(await browser.begin());
  const stranger = new RedirectBrowser(web);
  const gone = "/?refused=LOGIN_RETURN_GONE";
  // Nobody is signed in as somebody else by a link.
  expect(await stranger.comeBack(back)).toBe(gone);
  await stranger.begin();
  expect(await stranger.comeBack(back)).toBe(gone);
  expect(await stranger.whoAmI()).toBeNull();
  expect(provider.asked).not.toContain("/token");
  expect(await browser.comeBack(back)).toBe("/");
  // Played again, by the same browser with its cookie, and with the code in a state of its own.
  const again = await browser.begin();
  expect(await browser.comeBack(back)).toBe(gone);
  const replayed = new URL(back);
  replayed.searchParams.set("state", new URL(again).searchParams.get("state")!);
  browser.cookies.delete("__Host-postern");
  expect(await browser.comeBack(replayed)).toBe("/?refused=LOGIN_ANSWER_INVALID");
  expect(await browser.whoAmI()).toBeNull();
});

test("a state is worth nothing at another provider, and a provider is told from another one", async () => {
  const { provider, other, browser } = await open();
  const back = provider.visit(await browser.begin("oidc"));
  const mixed = new URL(back.href.replace("/sign-in/oidc/", "/sign-in/other/"));
  expect(await browser.comeBack(mixed)).toBe("/?refused=LOGIN_RETURN_GONE");
  expect(other.asked).not.toContain("/token");
  const named = provider.visit(await browser.begin("oidc"));
  named.searchParams.set("iss", other.issuer);
  expect(await browser.comeBack(named)).toBe("/?refused=LOGIN_ANSWER_INVALID");
  const unnamed = provider.visit(await browser.begin("oidc"));
  unnamed.searchParams.delete("iss");
  expect(await browser.comeBack(unnamed)).toBe("/?refused=LOGIN_ANSWER_INVALID");
  expect(provider.asked).not.toContain("/token");
  expect(await browser.whoAmI()).toBeNull();
});

test("several parameters of one name, ten minutes, and five wrong browsers: begin again", async () => {
  const { provider, web, browser, clock } = await open();
  const twice = provider.visit(await browser.begin());
  twice.searchParams.append("state", twice.searchParams.get("state")!);
  expect(await browser.comeBack(twice)).toBe("/?refused=LOGIN_RETURN_GONE");
  const late = provider.visit(await browser.begin());
  clock.advance(600_000);
  expect(await browser.comeBack(late)).toBe("/?refused=LOGIN_RETURN_GONE");
  const tried = provider.visit(await browser.begin());
  const stranger = new RedirectBrowser(web);
  await stranger.begin();
  for (let index = 0; index < 5; index += 1) await stranger.comeBack(tried);
  expect(await browser.comeBack(tried)).toBe("/?refused=LOGIN_RETURN_GONE");
});

test("the same subject of another provider is another person, and a name that is taken opens nobody's account", async () => {
  const { provider, other, web, browser } = await open();
  expect(await browser.comeBack(provider.visit(await browser.begin("oidc")))).toBe("/");
  const second = new RedirectBrowser(web);
  expect(await second.comeBack(other.visit(await second.begin("other")))).toBe(
    "/?refused=LOGIN_NOT_ADMITTED",
  );
  expect(await second.whoAmI()).toBeNull();
  provider.shape = (claims) => ({ ...claims, sub: "eve-1", preferred_username: "admin" });
  expect(await second.comeBack(provider.visit(await second.begin("oidc")))).toBe(
    "/?refused=LOGIN_NOT_ADMITTED",
  );
  expect(web.proxy.audited.slice(-2)).toMatchObject([{ reason: "USER_EXISTS" }, { reason: "USER_EXISTS" }]);
  other.shape = (claims) => ({ ...claims, preferred_username: "anna.c" });
  expect(await second.comeBack(other.visit(await second.begin("other")))).toBe("/");
  expect(await second.whoAmI()).toBe("anna.c");
});

test("a provider's words reach neither the page nor the log", async () => {
  const { provider, web, browser, lines } = await open();
  const away = await browser.begin();
  const state = new URL(away).searchParams.get("state")!;
  const back = new URL("https://desk.test:8443/api/v1/sign-in/oidc/callback");
  back.search = new URLSearchParams({
    ...{ state, iss: provider.issuer, error: "<script>secret words</script>" },
    ...{ error_description: "secret words", error_uri: "https://evil.test/" },
  }).toString();
  expect(await browser.comeBack(back)).toBe("/?refused=LOGIN_UNAVAILABLE");
  const denied = provider.visit(await browser.begin());
  denied.searchParams.delete("code");
  denied.searchParams.set("error", "access_denied");
  expect(await browser.comeBack(denied)).toBe("/?refused=LOGIN_DECLINED");
  provider.answers.set("/token", (_request, response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: "invalid_request", error_description: "secret words" }));
  });
  expect(await browser.comeBack(provider.visit(await browser.begin()))).toBe("/?refused=LOGIN_UNAVAILABLE");
  expect(web.proxy.audited.map(({ reason }) => reason)).toEqual([
    "LOGIN_UNAVAILABLE",
    "LOGIN_DECLINED",
    "LOGIN_UNAVAILABLE",
  ]);
  expect(lines.join("")).toContain('the error \\"invalid_request\\"');
  expect(lines.join("")).not.toContain("secret words");
});

test("a redirected token endpoint is not followed: neither code nor secret goes elsewhere", async () => {
  const { provider, other, browser } = await open();
  for (const status of [302, 307, 308]) {
    provider.answers.set("/token", (_request, response) => {
      response.writeHead(status, { location: `${other.issuer}/token` }).end();
    });
    expect(await browser.comeBack(provider.visit(await browser.begin()))).toBe("/?refused=LOGIN_UNAVAILABLE");
  }
  expect(other.asked).toEqual([]);
  expect(await browser.whoAmI()).toBeNull();
});

test("an endless discovery document is left, and asked for again later; nobody waits for one that says nothing", async () => {
  const { provider, browser, clock } = await open();
  let sent = 0;
  const closed = new Promise<void>((resolve) => {
    provider.answers.set("/.well-known/openid-configuration", (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.on("close", resolve);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x5b))) sent += 65_536;
      };
      response.on("drain", more);
      more();
    });
  });
  const begin = async () => (await browser.go("/api/v1/sign-in/oidc")).headers.location;
  expect(await begin()).toBe("/?refused=LOGIN_UNAVAILABLE");
  await closed;
  expect(sent).toBeLessThan(32_000_000);
  expect(await begin()).toBe("/?refused=LOGIN_UNAVAILABLE");
  expect(provider.asked).toHaveLength(1);

  clock.advance(2000);
  const asked = new Promise<void>((resolve) => {
    provider.answers.set("/.well-known/openid-configuration", () => {
      resolve();
    });
  });
  const waiting = begin();
  await asked;
  clock.advance(5000);
  expect(await waiting).toBe("/?refused=LOGIN_UNAVAILABLE");

  clock.advance(2000);
  provider.answers.clear();
  expect(await begin()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/authorize\?/);
});

const CROOKED: [string, (metadata: JwtPart) => JwtPart][] = [
  ["another issuer", (metadata) => ({ ...metadata, issuer: "https://evil.test" })],
  ["no token endpoint", ({ token_endpoint: _, ...metadata }) => metadata],
  ["a page that is a script", (metadata) => ({ ...metadata, authorization_endpoint: "javascript:alert(1)" })],
  [
    "a token endpoint without TLS elsewhere",
    (metadata) => ({ ...metadata, token_endpoint: "http://192.0.2.1/token" }),
  ],
  ["keys on the disk", (metadata) => ({ ...metadata, jwks_uri: "file:///etc/passwd" })],
];

test("a discovery document that leads astray is not used", async () => {
  const { provider, browser, clock } = await open();
  const { describe } = provider;
  for (const [name, change] of CROOKED) {
    provider.describe = change;
    const answer = await browser.go("/api/v1/sign-in/oidc");
    expect(answer.headers.location, name).toBe("/?refused=LOGIN_UNAVAILABLE");
    clock.advance(2000);
  }
  provider.describe = describe;
  expect(await browser.begin()).toContain("/authorize?");
});

test("a person whose groups are too many to be looked at does not slip past those that shut people out", async () => {
  const { provider, browser } = await open({ groupsClaim: "groups", denyGroups: ["guests"] });
  const signInWith = async (groups: unknown) => {
    provider.shape = (claims) => ({ ...claims, groups });
    return browser.comeBack(provider.visit(await browser.begin()));
  };
  expect(await signInWith([...Array.from({ length: 2000 }, (_, index) => `g${index}`), "guests"])).toBe(
    "/?refused=LOGIN_ANSWER_INVALID",
  );
  expect(await signInWith(["staff", "Guests"])).toBe("/?refused=LOGIN_NOT_ADMITTED");
  expect(await signInWith("guests")).toBe("/?refused=LOGIN_NOT_ADMITTED");
  expect(await signInWith(["staff", { name: "x" }, 7])).toBe("/");
});

test("without its audit line nobody is signed in", async () => {
  const { provider, web, browser } = await open();
  const back = provider.visit(await browser.begin());
  web.proxy.auditFails = true;
  expect(await browser.comeBack(back)).toBe("/?refused=AUDIT_UNAVAILABLE");
  expect(await browser.whoAmI()).toBeNull();
});

function unsigned(header: JwtPart, claims: JwtPart): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}
