// Second factors on the pages: made at the sign-in and on the account page, asked for, proven anew, reset.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { CDPSession, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openProfile, startBrowser } from "../support/browser.ts";
import { TestCertificate } from "../support/certificate-files.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { findFreePort } from "../support/free-port.ts";
import { type MailSink, startMailSink } from "../support/mail-sink.ts";
import { type PosternServer, startServerProgram } from "../support/postern.ts";
import { readTotpCode } from "../support/totp-app.ts";
import { readFirstLogin } from "./browser-steps.ts";

const ANNA = { name: "anna", password: "a password of anna" };
const STEP_MS = 30_000;
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
let sink: MailSink;
let server: PosternServer;
let origin: string;
let page: Page;
let devices: CDPSession;

beforeAll(async () => {
  sink = await startMailSink(cleanup, { certificate: await TestCertificate.make(cleanup) });
  const file = path.join(await cleanup.makeFolder(), "sign-in.json");
  const mail = { host: "127.0.0.1", port: sink.port, insecure: true, from: "desk@example.org" };
  await writeFile(file, JSON.stringify([{ provider: "local" }, { provider: "email-code", mail }]));
  const port = await findFreePort();
  // Browsers make passkeys for names alone, and of certificates that they do not trust for this one.
  origin = `https://localhost:${port}`;
  const address = ["--listen", `127.0.0.1:${port}`, "--advertise", `localhost:${port}`];
  const args = [...address, "--sign-in", file, "--require-factor-for", "admin"];
  server = await startServerProgram(cleanup, { args });
  const passwordFile = path.join(server.folder, "anna.password");
  await writeFile(passwordFile, ANNA.password, { mode: 0o600 });
  const about = ["--password-file", passwordFile, "--email", "anna@example.org"];
  await server.ask("user", "add", ANNA.name, ...about);
  const profile = await openProfile(await startBrowser(cleanup));
  page = await profile.newPage();
  devices = await profile.newCDPSession(page);
  await devices.send("WebAuthn.enable");
});
afterAll(() => cleanup.close());

const button = (name: string | RegExp, within: Page | Locator = page) => within.getByRole("button", { name });
const dialog = () => page.getByRole("dialog").last();

/** Name and password; what is asked next is not answered. */
async function begin({ name, password }: { name: string; password: string }): Promise<void> {
  await page.goto(`${origin}/`);
  await page.getByLabel("Name").fill(name);
  await button("Next").click();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await button("Sign in", page.locator("form")).first().click();
}

async function leave(): Promise<void> {
  await button("Account and settings").click();
  await button("Sign out", page.locator("header")).click();
}

async function signOut(): Promise<void> {
  await leave();
  await page.locator("#name").waitFor();
}

async function openAccount(): Promise<void> {
  await page.goto(`${origin}/account`);
  await page.getByRole("heading", { name: "Two-step sign-in" }).waitFor();
}

/** The code that an app shows which has scanned what the page shows. @param later steps from now */
async function readApp(within: Page | Locator): Promise<(later: number) => string> {
  const secret = await within.locator(".enrolment code").innerText();
  const uri = `otpauth://totp/x?secret=${secret.replaceAll(/\s/g, "")}`;
  return (later) => readTotpCode(uri, Date.now() + later * STEP_MS);
}

/** As if everybody had signed in an hour ago. */
function ageLogins(): void {
  const database = new DatabaseSync(path.join(server.data, "postern.db"));
  database.exec("UPDATE logins SET confirmed_at = 0");
  database.close();
}

describe("an administrator who has to have a second factor", () => {
  let readCode: (later: number) => string;

  test("makes one by QR code at the first sign-in, and keeps the recovery codes", async () => {
    await begin(readFirstLogin(server));
    await page.getByRole("img", { name: "QR code for an authenticator app" }).waitFor();
    readCode = await readApp(page);
    await page.getByLabel("Code from your app").fill("000000");
    await button("Continue").click();
    await page
      .getByRole("alert")
      .getByText(/This code is wrong/)
      .waitFor();
    await page.getByLabel("Code from your app").fill(readCode(0));
    await button("Continue").click();
    await page.locator(".recovery").waitFor();
    const codes = await page.locator(".recovery li").allInnerTexts();
    expect(new Set(codes).size).toBe(10);
    const [download] = await Promise.all([page.waitForEvent("download"), button("Save as a file").click()]);
    expect(await readFile(await download.path(), "utf8")).toContain(codes.join("\n"));
    await button("Continue").click();
    await page.locator("#wall").waitFor();
  });

  test("is asked who sits there before a passkey is added, and then it goes on by itself", async () => {
    await devices.send("WebAuthn.addVirtualAuthenticator", { options: AUTHENTICATOR });
    await openAccount();
    await page.getByText("Your account has to have one.").waitFor();
    ageLogins();
    await button("Add a passkey").click();
    await page.getByRole("heading", { name: "Confirm that it is you" }).waitFor();
    await button("Cancel", dialog()).click();
    await page.getByText("This needs your confirmation that it is you.").waitFor();
    await button("Cancel", dialog()).click();

    await button("Add a passkey").click();
    await page.getByRole("heading", { name: "Confirm that it is you" }).waitFor();
    await button("Use your password", dialog()).click();
    await dialog().getByLabel("Password", { exact: true }).fill("not this one");
    await page.keyboard.press("Enter");
    await dialog()
      .getByText(/Your password is wrong/)
      .waitFor();
    await dialog().getByLabel("Password", { exact: true }).fill(readFirstLogin(server).password);
    await page.keyboard.press("Enter");
    await dialog().getByLabel("What you call it").fill("laptop");
    await button("Go on", dialog()).click();
    await page.getByText("The passkey is added.").waitFor();
    await page.getByText("laptop", { exact: true }).waitFor();
    await page.getByText("10 recovery codes are left.").waitFor();
  });

  test("is let in by the passkey alone, which the field of the name offers", async () => {
    // This device's owner touches it whenever it asks.
    const entered = page.waitForResponse((response) => response.url().endsWith("/login/passkey"));
    await leave();
    expect((await entered).status()).toBe(200);
    await page.locator("#wall").waitFor();
  });

  test("finds a button where the browser fills nothing in, and the passkey beside the app after the password", async () => {
    await page.addInitScript("delete PublicKeyCredential.isConditionalMediationAvailable");
    await page.reload();
    await signOut();
    await button("Sign in with a passkey").click();
    await page.locator("#wall").waitFor();
    await signOut();
    await begin(readFirstLogin(server));
    await page.getByLabel("Code from your app").waitFor();
    await button("Use a passkey").click();
    await page.locator("#wall").waitFor();
  });

  test("goes on with a step that another site has led back to", async () => {
    await signOut();
    const { name, password } = readFirstLogin(server);
    const id = await page.evaluate<string>(`fetch("/api/v1/login", {
      method: "POST", headers: { "content-type": "application/json" },
      body: ${JSON.stringify(JSON.stringify({ name, password }))},
    }).then(async (answer) => (await answer.json()).step.id)`);
    await page.goto("about:blank");
    await page.goto(`${origin}/#step=${id}`);
    await page.getByLabel("Code from your app").fill(readCode(1));
    expect(page.url()).toBe(`${origin}/`);
    await button("Continue").click();
    await page.locator("#wall").waitFor();
    await signOut();
  });
});

describe("somebody who need not have one", () => {
  test("is signed in by the link of a mailed code, in the tab where it was begun, too", async () => {
    await page.goto(`${origin}/`);
    await page.getByLabel("Name").fill(ANNA.name);
    await button("Send me a code by e-mail").click();
    await page.getByLabel("Code from the e-mail").waitFor();
    const [sent] = await sink.waitForMails(1);
    const [link = ""] =
      /https:\S+#code=\d{6}/.exec(sent!.raw.replaceAll("=\r\n", "").replaceAll("=3D", "=")) ?? [];
    const other = await page.context().newPage();
    await other.goto(link);
    await other.locator("#wall").waitFor();
    expect(other.url()).toBe(`${origin}/`);
    await page.locator("#wall").waitFor();
    await other.goto("about:blank");
    await other.close();
    await signOut();
    // The code is over, and so is its step.
    await page.goto("about:blank");
    await page.goto(link);
    await page
      .getByRole("alert")
      .getByText(/This link belongs to a sign-in/)
      .waitFor();
  });

  test("adds an app on the account page, and is asked for its code from then on", async () => {
    await begin(ANNA);
    await page.locator("#wall").waitFor();
    await openAccount();
    await page.getByText(/Your password alone is enough/).waitFor();
    await button("Add an app").click();
    await dialog().locator(".enrolment").waitFor();
    const readCode = await readApp(dialog());
    await dialog().getByLabel("Six digits of the app").fill(readCode(-20));
    await button("Add", dialog()).click();
    await dialog().getByText("This is not the code that the app shows now.").waitFor();
    expect(
      await dialog()
        .getByText(/recovery code/)
        .count(),
    ).toBe(0);
    await dialog().getByLabel("Six digits of the app").fill(readCode(0));
    await button("Add", dialog()).click();
    await page.getByRole("heading", { name: "Keep these recovery codes" }).waitFor();
    // Browsers close a dialog by the second one, whatever a page says to the first.
    for (const key of ["Escape", "Escape", "Escape"]) await page.keyboard.press(key);
    await page.mouse.click(5, 5);
    expect(await dialog().locator(".recovery li").count()).toBe(10);
    expect(await button("Close", dialog()).count()).toBe(0);
    const [recovery = ""] = await dialog().locator(".recovery li").allInnerTexts();
    await button("I have kept them").click();
    await page.getByText("10 recovery codes are left.").waitFor();
    await signOut();

    await begin(ANNA);
    await page.getByLabel("Code from your app").fill(readCode(1).replace(/^.../, "$& "));
    await button("Continue").click();
    await page.locator("#wall").waitFor();
    await signOut();
    await begin(ANNA);
    await button("Use a recovery code").click();
    await page.getByLabel("Recovery code").fill(recovery);
    await button("Continue").click();
    await page.locator("#wall").waitFor();
    await openAccount();
    await page.getByText("9 recovery codes are left.").waitFor();
  });

  test("makes an API token, which is shown once and ends when it is revoked", async () => {
    await button("Make a token").click();
    await dialog().getByLabel("What it is for").fill("nightly");
    expect(await dialog().getByText("Everything else that your role may").count()).toBe(0);
    await button("Make a token", dialog()).click();
    const token = await dialog().locator(".made-password code").innerText();
    await button("Done").click();
    const ask = () =>
      page.evaluate<number>(`fetch("/api/v1/machines", {
        credentials: "omit", headers: { authorization: "Bearer ${token}" },
      }).then(({ status }) => status)`);
    expect(await ask()).toBe(200);
    await button("Revoke nightly").click();
    await button("Revoke", dialog()).click();
    await page.getByText("Revoked.").waitFor();
    expect(await ask()).toBe(401);
    await signOut();
  });

  test("who has lost everything is reset by an administrator, who confirms it by a passkey", async () => {
    await button("Sign in with a passkey").click();
    await page.locator("#wall").waitFor();
    await page.goto(`${origin}/people`);
    await button("Open anna").click();
    await dialog().getByText("1 app").waitFor();
    ageLogins();
    await button("Reset two-step sign-in", dialog()).click();
    await button("Reset", dialog()).click();
    await page.getByRole("heading", { name: "Confirm that it is you" }).waitFor();
    await button("Use a passkey", dialog()).click();
    await page.getByText("The two-step sign-in of anna is reset.").waitFor();
    await signOut();
    await begin(ANNA);
    await page.locator("#wall").waitFor();
  });
});

test("a server whose address is a number says that there are no passkeys", async () => {
  const plain = await startServerProgram(cleanup);
  const { name, password } = readFirstLogin(plain);
  await page.goto(`${plain.origin}/`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  expect(await button("Sign in with a passkey").count()).toBe(0);
  await button("Sign in").click();
  await page.locator("#wall").waitFor();
  await page.goto(`${plain.origin}/account`);
  await page.getByText(/Passkeys do not work here: this server’s address is a number/).waitFor();
  expect(await button("Add a passkey").count()).toBe(0);
});
