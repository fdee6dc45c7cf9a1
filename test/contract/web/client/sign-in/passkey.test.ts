import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import type { CDPSession, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../../../protocol/index.ts";
import { openProxy, openStores } from "../../../../../proxy/index.ts";
import { openProfile, startBrowser } from "../../../../support/browser.ts";
import { CleanupStack } from "../../../../support/cleanup-stack.ts";
import { findFreePort } from "../../../../support/free-port.ts";
import { openWebAndOrchestrator } from "../../../../support/open-web-and-orchestrator.ts";

const SOURCE = fileURLToPath(new URL("../../../../../web/client/sign-in/passkey.ts", import.meta.url));
/** What the pages do with it, without their looks. */
const ENTRY = `
import * as passkey from ${JSON.stringify(SOURCE)};
Object.assign(globalThis, passkey, {
  ask: async (method, path, body) => {
    const response = await fetch("/api/v1" + path, {
      method,
      headers: method === "POST" ? { "content-type": "application/json" } : {},
      ...(method === "POST" && { body: JSON.stringify(body ?? {}) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  },
  codeOf: (error) => error.code ?? String(error),
});
`;
const PAGE = `<!doctype html><title>t</title><input id="name" autocomplete="username webauthn" />
<script type="module" src="/assets/a.js"></script>`;
/** A device's own, with a fingerprint; keys lie in it. */
const AUTHENTICATOR = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

let port: number;
let credentials: { name: string; password: string };
let page: Page;
let devices: CDPSession;
let authenticatorId: string;

beforeAll(async () => {
  const dir = await cleanup.makeFolder();
  await mkdir(path.join(dir, "assets"));
  await writeFile(path.join(dir, "index.html"), PAGE);
  await writeFile(path.join(dir, "entry.js"), ENTRY);
  await build({
    ...{ configFile: false, logLevel: "silent", root: dir },
    build: {
      ...{ outDir: path.join(dir, "assets"), emptyOutDir: false, minify: false },
      lib: { entry: path.join(dir, "entry.js"), formats: ["es"], fileName: () => "a.js" },
    },
  });
  port = await findFreePort();
  const log = pino({ level: "silent" });
  const clock = systemClock;
  const stores = await openStores({ database: `sqlite:${dir}/db`, masterKey: Buffer.alloc(32) }, clock);
  cleanup.add({ stop: () => stores.close() });
  const proxy = await openProxy({
    ...{ listen: { host: "127.0.0.1", port }, rfbListen: null, advertise: { host: "localhost", port } },
    ...{ dataDir: dir, allowOrigins: [], stores, log, clock },
  });
  cleanup.add({ stop: () => proxy.close() });
  const web = await openWebAndOrchestrator({
    ...{ proxy, adminSocket: path.join(dir, "s"), clientDir: dir, log, clock },
  });
  cleanup.add({ stop: () => web.close() });
  await proxy.start(web.server);
  credentials = (await web.createFirstAdministrator())!;
  const profile = await openProfile(await startBrowser(cleanup));
  page = await profile.newPage();
  devices = await profile.newCDPSession(page);
  await devices.send("WebAuthn.enable");
  ({ authenticatorId } = await devices.send("WebAuthn.addVirtualAuthenticator", { options: AUTHENTICATOR }));
  await page.goto(`https://localhost:${port}/`);
});

interface Answer {
  readonly status: number;
  readonly body: { readonly [key: string]: unknown } | null;
}

const inPage = <T>(script: string) => page.evaluate<T>(`(async () => { ${script} })()`);
const ask = (method: string, to: string, body?: object) =>
  inPage<Answer>(`return ask(${JSON.stringify(method)}, ${JSON.stringify(to)}, ${JSON.stringify(body)})`);

/** Makes a passkey for whoever is signed in; the answer, or the error's code. */
const enrol = () =>
  inPage<Answer | string>(`
    const { body } = await ask("POST", "/me/factors/passkey");
    try {
      const passkey = await createPasskey(body.options);
      return await ask("POST", "/me/factors/passkey/confirm", { passkey, name: "laptop" });
    } catch (error) { return codeOf(error); }`);
/** With nothing but the passkey. */
const enter = () =>
  inPage<Answer | string>(`
    const { body } = await ask("POST", "/login/passkey/options");
    try { return await ask("POST", "/login/passkey", { passkey: await provePasskey(body.options) }); }
    catch (error) { return codeOf(error); }`);

const signIn = () => ask("POST", "/login", credentials);
const signOut = () => ask("POST", "/logout");
const listFactors = async () => (await ask("GET", "/me/factors")).body;

beforeEach(async () => {
  await devices.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  await signOut();
});

test("a person makes a passkey, and from then on it is asked for after the password", async () => {
  expect(await signIn()).toMatchObject({ status: 200, body: { name: "admin" } });
  expect(await enrol()).toMatchObject({ status: 201, body: { factor: { name: "laptop" } } });
  expect(await enrol()).toBe("FACTOR_EXISTS");
  expect(await listFactors()).toMatchObject({
    factors: [{ kind: "passkey", lastUsedAt: null }],
    passkeys: true,
  });
  await signOut();
  const entered = await inPage<Answer>(`
    const { status, body } = await ask("POST", "/login", ${JSON.stringify(credentials)});
    if (status !== 202) return { status, body };
    const { id, form } = body.step;
    const answers = { passkey: JSON.stringify(await provePasskey(form.passkey.options)) };
    return ask("POST", "/login/step", { id, answers });`);
  expect(entered).toMatchObject({ status: 200, body: { name: "admin" } });
  expect(await listFactors()).toMatchObject({ factors: [{ lastUsedAt: expect.any(Number) }] });
});

test("it lets in alone, without a name, where the device knows the person", async () => {
  expect(await enter()).toMatchObject({ status: 200, body: { name: "admin" } });
  await signOut();
  await devices.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  expect(await enter()).toBe("PASSKEY_CANCELLED");
  expect((await ask("GET", "/me")).status).toBe(401);
});

test("the field of the name offers it", async () => {
  const offered = await inPage<Answer | null>(`
    const getOptions = async () => (await ask("POST", "/login/passkey/options")).body.options;
    const passkey = await offerPasskeys(getOptions, new AbortController().signal);
    return passkey && ask("POST", "/login/passkey", { passkey });`);
  expect(offered).toMatchObject({ status: 200, body: { name: "admin" } });
});

test("an offer that is taken back ends, and asks for nothing more", async () => {
  await devices.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
  const asked = await inPage<{ passkey: unknown; asked: number }>(`
    let asked = 0;
    const controller = new AbortController();
    const getOptions = async () => {
      asked += 1;
      setTimeout(() => controller.abort());
      return (await ask("POST", "/login/passkey/options")).body.options;
    };
    return { passkey: await offerPasskeys(getOptions, controller.signal), asked };`);
  expect(asked).toEqual({ passkey: null, asked: 1 });
  await devices.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
});

test("a copy of the passkey, whose counter stayed behind, is refused", async () => {
  const { credentials: kept } = await devices.send("WebAuthn.getCredentials", { authenticatorId });
  const [copy] = kept;
  expect(await enter()).toMatchObject({ status: 200 });
  await signOut();
  await devices.send("WebAuthn.removeCredential", { authenticatorId, credentialId: copy!.credentialId });
  await devices.send("WebAuthn.addCredential", { authenticatorId, credential: copy! });
  expect(await enter()).toMatchObject({ status: 403, body: { error: { code: "PASSKEY_REFUSED" } } });
});

test("at another address of the same server the browser uses none, and the page can say so", async () => {
  await page.goto(`https://127.0.0.1:${port}/`);
  expect(await enter()).toBe("PASSKEY_BLOCKED");
});
