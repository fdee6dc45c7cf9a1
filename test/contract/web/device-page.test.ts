import path from "node:path";
import { pino } from "pino";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startServer, type RunningServer } from "../../../bin/programs/start-server.ts";
import { askOverHttps } from "../../../bin/remote/https-request.ts";
import { openProfile, startBrowser } from "../../support/browser.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
let server: RunningServer;
let url: string;
let page: Page;
let admin: { name: string; password: string };
const complaints: string[] = [];

beforeAll(async () => {
  const folder = await cleanup.makeFolder();
  vi.stubEnv("POSTERN_RUNTIME_DIR", folder);
  const listen = { host: "127.0.0.1", port: 0 };
  server = await startServer(
    {
      ...{ listen, rfbListen: null, repeaterViewers: null, repeaterServers: null, advertise: null },
      ...{
        database: null,
        allowOrigins: [],
        siteCertificate: null,
        proxyProtocolFrom: [],
        trustedProxies: [],
      },
      mip1: { allow: [], endpoint: { host: "127.0.0.1", port: 5901 } },
      ...{
        dataDir: path.join(folder, "data"),
        limits: { file: null, user: {} },
        signInFile: null,
        requireFactorFor: [],
        plainSignIn: false,
        imagesDir: null,
      },
      onFirstLogin: (login) => (admin = login),
    },
    pino({ level: "silent" }),
  );
  url = `https://127.0.0.1:${server.ports["listen"]}`;
  const profile = await openProfile(await startBrowser(cleanup));
  page = await profile.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await cleanup.close();
});

/** As a command line without a token does. */
async function ask(path_: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const ca = server.proxy.authority.certificate;
  const question = { method: "POST", url, path: `/api/v1${path_}`, body, ca, token: null };
  const { status, text } = await askOverHttps(question);
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

test("a person types the code, takes a right away, and allows the rest", async () => {
  await page.goto(`${url}/device`);
  await page.fill("[name=name]", admin.name);
  await page.fill("[name=password]", admin.password);
  await page.click("button[type=submit]");
  await page.getByRole("heading", { name: "Sign in a command line" }).waitFor();
  const begun = await ask("/device-logins", { name: "laptop", scopes: ["read", "machines"] });
  const { device, code } = begun.body as { device: string; code: string };
  await page.getByLabel("Code").fill("BCDF");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Enter the eight letters.").waitFor();
  await page.getByLabel("Code").fill(code.toLowerCase());
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("laptop, from 127.0.0.1, asks").waitFor();
  await page.getByLabel("Make, run and remove machines").uncheck();
  if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/device.png` });
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByText("Done. The command line goes on by itself").waitFor();
  expect(await ask("/device-logins/token", { device })).toMatchObject({
    status: 201,
    body: { user: admin.name, scopes: ["read"] },
  });
  expect((await ask("/device-logins/token", { device })).status).toBe(410);
});

test("a person refuses, and the command line gets nothing", async () => {
  const begun = await ask("/device-logins", { name: "stranger", scopes: ["admin"] });
  const { device, code } = begun.body as { device: string; code: string };
  await page.goto(`${url}/device`);
  await page.getByLabel("Code").fill(code);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Refuse" }).click();
  await page.getByText("Refused. The command line gets nothing.").waitFor();
  expect((await ask("/device-logins/token", { device })).status).toBe(410);
});

test("the page about the API is styled, within the policy, and as wide as a telephone", async () => {
  complaints.length = 0;
  for (const [width, scheme] of [
    [1280, "light"],
    [390, "dark"],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${url}/api/v1/docs`);
    await page.getByText("Make a machine", { exact: true }).click();
    const look = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      ground: getComputedStyle(document.body).backgroundColor,
    }));
    expect(look).toEqual({ wide: 0, ground: scheme === "light" ? "rgb(242, 244, 243)" : "rgb(16, 20, 19)" });
    if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/docs-${width}.png` });
  }
  expect(complaints).toEqual([]);
});
