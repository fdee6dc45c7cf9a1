import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../protocol/index.ts";
import { openProxy, openStores, type Proxy, type Stores } from "../../../proxy/index.ts";
import { openProfile, startBrowser } from "../../support/browser.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { findFreePort } from "../../support/free-port.ts";
import { openWebAndOrchestrator } from "../../support/open-web-and-orchestrator.ts";
import { startProcess, type TestProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";

const PAGES = fileURLToPath(new URL("../../../dist/web/client", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../../support/openid-provider.mjs", import.meta.url));

const cleanup = new CleanupStack();
let stores: Stores;
let proxy: Proxy;
let origin: string;
let browser: Browser;
let company: TestProcess;
/** By the provider's id. */
const ports = new Map<string, number>();

/** Postern first: it starts without its providers, and they have to know where it is. */
beforeAll(async () => {
  const dir = await cleanup.makeFolder();
  const log = pino({ level: "silent" });
  const clock = systemClock;
  stores = await openStores({ database: `sqlite:${dir}/db`, masterKey: Buffer.alloc(32) }, clock);
  cleanup.add({ stop: () => stores.close() });
  proxy = await openProxy({
    ...{
      listen: { host: "127.0.0.1", port: 0 },
      rfbListen: null,
      advertise: null,
      dataDir: dir,
      allowOrigins: [],
    },
    ...{ stores, log, clock },
  });
  cleanup.add({ stop: () => proxy.close() });
  for (const id of ["company", "guests"]) ports.set(id, await findFreePort());
  const options = (id: string) => ({
    ...{ provider: "oidc", id, issuer: `http://localhost:${ports.get(id)}`, insecure: true },
    ...{ clientId: "postern", clientSecret: "a-secret-of-the-two" },
  });
  const web = await openWebAndOrchestrator({
    ...{ proxy, clientDir: PAGES, log, clock, adminSocket: path.join(dir, "s") },
    signIn: [
      { provider: "local" },
      { ...options("company"), label: { en: "Company account", fr: "Compte de l’entreprise" } },
      {
        ...{
          ...options("guests"),
          label: { en: "Guest account", fr: "Compte d’invité" },
          clientAuth: "post",
        },
        ...{ groupsClaim: "groups", userinfo: true, roles: { operator: ["helpers"] } },
      },
    ],
  });
  cleanup.add({ stop: () => web.close() });
  await proxy.start(web.server);
  origin = `https://127.0.0.1:${proxy.addresses.listen.port}`;
  const ca = path.join(dir, "ca.pem");
  await writeFile(ca, proxy.caCertificate);
  company = startProvider("company", ca);
  await Promise.all([
    company.waitForOutput(/^ready$/m),
    startProvider("guests", ca).waitForOutput(/^ready$/m),
  ]);
  browser = await startBrowser(cleanup);
});
afterAll(() => cleanup.close());

function startProvider(id: string, ca: string): TestProcess {
  const way = `${origin}/api/v1/sign-in/${id}`;
  const client = {
    ...{ client_id: "postern", client_secret: "a-secret-of-the-two", redirect_uris: [`${way}/callback`] },
    token_endpoint_auth_method: id === "guests" ? "client_secret_post" : "client_secret_basic",
    post_logout_redirect_uris: [`${origin}/`],
    backchannel_logout_uri: `${way}/backchannel-logout`,
    backchannel_logout_session_required: true,
  };
  const about = JSON.stringify({ port: ports.get(id), clients: [client], groups: ["helpers"] });
  return startProcess(cleanup, process.execPath, [PROGRAM, about], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
  });
}

/** A fresh browser profile at our sign-in page; what a policy refuses is collected. */
async function openPage(): Promise<{ page: Page; refused: string[] }> {
  const page = await (await openProfile(browser)).newPage();
  const refused: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text()) && message.location().url.startsWith(origin))
      refused.push(message.text());
  });
  return { page, refused };
}

async function signInThere(page: Page, name: string): Promise<void> {
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

async function signIn(page: Page, button: string, name: string): Promise<void> {
  await page.goto(`${origin}/`);
  await page.getByRole("link", { name: button }).click();
  await signInThere(page, name);
  await page.locator("#wall").waitFor();
}

test("a person signs in at the provider, is on the wall, and signs out here and there", async () => {
  const { page, refused } = await openPage();
  await signIn(page, "Company account", "anna");
  expect(new URL(page.url()).pathname).toBe("/");
  const cookies = await page.context().cookies(origin);
  expect(cookies.find(({ name }) => name === "__Host-postern")).toMatchObject({
    ...{ sameSite: "Strict", httpOnly: true, secure: true },
  });
  expect(cookies.some(({ name }) => name === "__Host-postern-sign-in")).toBe(false);
  expect(await stores.users.findByName("anna")).toMatchObject({
    ...{ provider: "company", subject: `http://localhost:${ports.get("company")} anna`, role: "user" },
    email: "anna@example.org",
  });
  await page.reload();
  await page.locator("#wall").waitFor();

  await page.getByRole("button", { name: "Account and settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Yes, sign me out" }).click();
  await page.getByRole("link", { name: "Company account" }).waitFor();
  expect(page.url()).toBe(`${origin}/`);
  // There, too: it asks for the password again.
  await page.getByRole("link", { name: "Company account" }).click();
  await page.locator('input[name="password"]').waitFor();
  expect(refused).toEqual([]);
});

test("a second provider has people of its own, with the role of their group; they come back to the page that they wanted", async () => {
  const { page } = await openPage();
  await page.goto(`${origin}/sessions`);
  await page.getByRole("link", { name: "Guest account" }).click();
  await signInThere(page, "otto");
  await page.waitForURL(`${origin}/sessions`);
  await waitFor("the page of a person", () => page.locator("main, #wall").first().isVisible());
  expect(await stores.users.findByName("otto")).toMatchObject({
    ...{ provider: "guests", role: "operator", email: "otto@example.org" },
  });
  // Somebody of the same name there is not the one here.
  const other = await openPage();
  await other.page.goto(`${origin}/`);
  await other.page.getByRole("link", { name: "Company account" }).click();
  await signInThere(other.page, "otto");
  await other.page.getByText("you may not enter here").waitFor();
  expect(other.page.url()).toBe(`${origin}/`);
});

test("who says no there is told so here, in their language", async () => {
  const { page } = await openPage();
  await page.goto(`${origin}/`);
  await page.getByText("Français").click();
  await page.getByRole("link", { name: "Compte de l’entreprise" }).click();
  await page.getByText("Cancel").click();
  await page.getByText("L’autre service ne vous a pas connecté").waitFor();
  expect(page.url()).toBe(`${origin}/`);
});

test("a session that ends at the provider ends here at once, and no other one", async () => {
  const [first, second] = [await openPage(), await openPage()];
  await signIn(first.page, "Company account", "berta");
  await signIn(second.page, "Company account", "berta");
  const there = await first.page.context().newPage();
  await there.goto(`http://localhost:${ports.get("company")}/session/end`);
  await there.getByRole("button", { name: "Yes, sign me out" }).click();
  await company.waitForOutput(/backchannel\.success/);
  await first.page.getByRole("link", { name: "Company account" }).waitFor();
  await second.page.reload();
  await second.page.locator("#wall").waitFor();
  expect(company.output).not.toContain("backchannel.error");
});
