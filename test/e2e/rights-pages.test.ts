// Groups, grants and the sign-in settings on the pages: a member of a group watches a desktop, a directory that is wrong is explained.
import { writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openProfile, startBrowser } from "../support/browser.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { findFreePort } from "../support/free-port.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";
import { readFirstLogin } from "./browser-steps.ts";

const DESKTOP = "bench";
const PASSWORD = "a password of anna";
/** How soon a grant counts on every server. */
const COUNTS_MS = 8_000;

const cleanup = new CleanupStack();
let server: PosternServer;
let browser: Browser;
let admin: Page;
let anna: Page;
let closedPort: number;

beforeAll(async () => {
  const folder = await cleanup.makeFolder();
  const signInFile = path.join(folder, "sign-in.json");
  closedPort = await findFreePort();
  // It speaks, but neither TLS nor LDAP.
  const sockets = new Set<net.Socket>();
  const stranger = net.createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.end("220 mail ready\r\n");
  });
  const strangerPort = await listenOnLoopback(cleanup, stranger, sockets);
  const directory = { provider: "ldap", searchBase: "dc=example,dc=org" };
  await writeFile(
    signInFile,
    JSON.stringify([
      { provider: "local" },
      { ...directory, id: "closed", urls: [`ldaps://127.0.0.1:${closedPort}`] },
      {
        ...{ ...directory, id: "stranger", urls: [`ldaps://127.0.0.1:${strangerPort}`] },
        ...{ bindDn: "cn=reader", bindPassword: "hunter2" },
      },
    ]),
  );
  const [xvnc] = await Promise.all([
    startXvnc(cleanup),
    startServerProgram(cleanup, { args: ["--sign-in", signInFile] }).then((started) => (server = started)),
    startBrowser(cleanup).then((started) => (browser = started)),
  ]);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
  const passwordFile = path.join(folder, "anna.password");
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  await server.ask("user", "add", "anna", "--role", "user", "--password-file", passwordFile);
  admin = await signIn(readFirstLogin(server));
  anna = await signIn({ name: "anna", password: PASSWORD });
});
afterAll(() => cleanup.close());

async function signIn({ name, password }: { name: string; password: string }): Promise<Page> {
  const page = await (await openProfile(browser)).newPage();
  await page.goto(`${server.origin}/`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
  await page.locator("#wall").waitFor();
  return page;
}

test("a group is made, gets view on a desktop, and its member watches without keys", async () => {
  await admin.getByRole("link", { name: "Groups" }).click();
  await admin.getByRole("button", { name: "Add a group" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("students");
  await dialog.getByRole("button", { name: "Add group" }).click();
  await admin.getByRole("button", { name: "Open students" }).click();
  await dialog.getByRole("button", { name: "Members" }).click();
  await dialog.getByRole("searchbox").fill("ANN");
  await dialog.getByRole("button", { name: "Choose anna" }).click();
  await dialog.getByText("anna is in the group now.").waitFor();
  await admin.keyboard.press("Escape");
  await admin.getByRole("row", { name: /students.*1/ }).waitFor();

  await admin.getByRole("link", { name: "Wall", exact: true }).click();
  await admin.getByRole("button", { name: `More for ${DESKTOP}` }).click();
  await admin.getByRole("menuitem", { name: "Who may use this?" }).click();
  await dialog.getByText("Nobody else by a grant.").waitFor();
  await dialog.getByRole("button", { name: "Add a grant" }).click();
  await dialog.getByRole("searchbox").fill("stud");
  await dialog.getByRole("button", { name: "Choose students" }).click();
  await dialog.getByRole("radio", { name: /^Watch/ }).check({ force: true });
  await dialog.getByRole("button", { name: "Add grant" }).click();
  await dialog.getByRole("heading", { name: "1 person by a grant" }).waitFor();
  await admin.keyboard.press("Escape");

  const card = anna.getByRole("article", { name: DESKTOP });
  await card.waitFor({ timeout: COUNTS_MS });
  expect(await card.getByRole("link", { name: "Connect" }).count()).toBe(0);
  await card.getByRole("link", { name: "Watch", exact: true }).click();
  await anna.getByText("Watch only").waitFor();
  expect(await anna.getByRole("button", { name: "Special keys" }).count()).toBe(0);
  expect(await anna.locator(".viewer-place canvas").count()).toBe(1);
});

test("what a person may use is told, with the group and the grant that say so", async () => {
  await admin.getByRole("link", { name: "People" }).click();
  await admin.getByRole("button", { name: "Open anna" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByRole("button", { name: "What they may use" }).click();
  await dialog.getByRole("heading", { name: "1 desktop or machine" }).waitFor();
  expect(await dialog.locator(".grant-list").innerText()).toMatch(/students[^]*Watch[^]*desktop .*\/bench/);
  await admin.keyboard.press("Escape");
});

test("a grant is taken back on the page of all grants, which ends what is open by it", async () => {
  await admin.getByRole("link", { name: "Access" }).click();
  await admin.getByRole("button", { name: /^Remove the grant to students/ }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByText("It touches 1 person.").waitFor();
  await dialog.getByRole("button", { name: "Remove the grant" }).click();
  await admin.getByText(/^Nothing has been granted yet/).waitFor();
  const gone = () => anna.getByText("Watch only").count();
  await waitFor("the end of the session", async () => (await gone()) === 0, { timeoutMs: COUNTS_MS });
});

test("the Test button says why a directory cannot be asked, in both languages, and shows no secret", async () => {
  await admin.goto(`${server.origin}/sign-in-settings`);
  await admin.getByRole("heading", { name: "How people sign in" }).waitFor();
  await admin.getByText(/This is what .*sign-in\.json says/).waitFor();
  await admin.getByRole("button", { name: "Test closed" }).click();
  await admin.getByText(`ldaps://127.0.0.1:${closedPort} cannot be reached (ECONNREFUSED).`).waitFor();
  await admin.getByRole("button", { name: "Test stranger" }).click();
  await admin.getByText(/TLS with ldaps:\/\/127\.0\.0\.1:\d+ failed/).waitFor();
  expect(await admin.content()).not.toContain("hunter2");
  await admin.getByRole("button", { name: "Account and settings" }).click();
  await admin.getByRole("button", { name: "Français" }).click();
  await admin.getByText(`ldaps://127.0.0.1:${closedPort} est injoignable (ECONNREFUSED).`).waitFor();
  const lines = await server.ask<{ event: { action: string } }[]>("audit", "list", "--action", "signin");
  expect(lines).toHaveLength(2);
});
