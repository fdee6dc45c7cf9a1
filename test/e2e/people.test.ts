// A second person: added on the page, sees what is theirs, is shut out. The command line does the same.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openProfile, startBrowser } from "../support/browser.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";
import { readFirstLogin } from "./browser-steps.ts";

const DESKTOP = "bench";
/** What the page promises after an account was disabled. */
const SIGNED_OUT_MS = 5_000;

const cleanup = new CleanupStack();
let server: PosternServer;
let browser: Browser;
let admin: Page;

beforeAll(async () => {
  const [xvnc] = await Promise.all([
    startXvnc(cleanup),
    startServerProgram(cleanup).then((started) => (server = started)),
    startBrowser(cleanup).then((started) => (browser = started)),
  ]);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
  admin = await signIn(readFirstLogin(server));
});
afterAll(() => cleanup.close());

/** By the keyboard alone. */
async function signIn({ name, password }: { name: string; password: string }): Promise<Page> {
  const page = await (await openProfile(browser)).newPage();
  await page.goto(`${server.origin}/`);
  await page.locator("#name:focus").waitFor();
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.locator("#wall").waitFor();
  return page;
}

function waitUntilSignedOut(page: Page): Promise<boolean> {
  return waitFor("the sign-in page", () => page.locator("#name").isVisible(), { timeoutMs: SIGNED_OUT_MS });
}

/** What the server answers this page's person. */
function askAs(page: Page, route: string): Promise<{ status: number; body: unknown }> {
  return page.evaluate(
    `fetch("/api/v1${route}").then(async (answer) => ({ status: answer.status, body: await answer.json() }))`,
  );
}

async function addPerson(name: string): Promise<string> {
  await admin.getByRole("link", { name: "People" }).click();
  await admin.getByRole("button", { name: "Add a person" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByRole("radio", { name: /^User/ }).check({ force: true });
  await dialog.getByRole("button", { name: "Add person" }).click();
  await admin.getByRole("heading", { name: `${name} may sign in` }).waitFor();
  const password = await dialog.locator("code").innerText();
  // It is shown this once: a click beside the dialog does not lose it.
  await admin.mouse.click(5, 5);
  expect(await dialog.locator("code").innerText()).toBe(password);
  await dialog.getByRole("button", { name: "Done" }).click();
  return password;
}

describe("on the pages", () => {
  test("a second person signs in, sees only their own, and is signed out within 5 s of being disabled", async () => {
    await admin.getByRole("heading", { name: DESKTOP }).waitFor();
    const password = await addPerson("anna");
    const anna = await signIn({ name: "anna", password });
    expect(await askAs(anna, "/me")).toMatchObject({ status: 200, body: { name: "anna", powers: [] } });
    expect(await askAs(anna, "/desktops")).toEqual({ status: 200, body: [] });
    expect((await askAs(anna, "/users")).status).toBe(403);
    expect(await anna.getByRole("link", { name: "People" }).count()).toBe(0);
    expect(await anna.getByText(DESKTOP).count()).toBe(0);
    await anna.goto(`${server.origin}/people`);
    await anna.locator("#wall").waitFor();
    expect(await anna.locator("table").count()).toBe(0);

    await admin.getByRole("button", { name: "Open anna" }).click();
    const dialog = admin.getByRole("dialog");
    await dialog.getByText("1 signed-in browser").waitFor();
    await dialog.getByRole("button", { name: "Disable" }).click();
    await dialog.getByText("It ends at once: 1 signed-in browser.").waitFor();
    await dialog.getByRole("button", { name: "Disable the account" }).click();
    await dialog.waitFor({ state: "detached" });
    await waitUntilSignedOut(anna);
    await admin.getByRole("row", { name: /anna.*Disabled/ }).waitFor();

    await admin.getByRole("searchbox", { name: "Search" }).pressSequentially("NNA");
    await waitFor("anna alone", async () => (await admin.locator("tbody tr").count()) === 1);
    await admin.getByRole("group", { name: "State" }).getByRole("button", { name: "Enabled" }).click();
    await admin.getByText("Nobody matches.").waitFor();
    await admin.reload();
  });

  test("the last administrator can neither be disabled nor removed, and the page says why", async () => {
    const { name } = readFirstLogin(server);
    await admin.getByRole("button", { name: `Open ${name}` }).click();
    const dialog = admin.getByRole("dialog");
    await dialog.getByText(/This is the last administrator/).waitFor();
    for (const action of ["Change role", "Disable", "Remove"])
      expect(await dialog.getByRole("button", { name: action }).isDisabled()).toBe(true);
    await admin.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  test("one's own password is changed, which signs the other browsers out and keeps this one", async () => {
    const first = { name: "dora", password: await addPerson("dora") };
    const [here, there] = [await signIn(first), await signIn(first)];
    await here.getByRole("button", { name: "Account and settings" }).click();
    await here.getByRole("link", { name: "My account" }).click();
    await here.getByText("One other browser is signed out by it.").waitFor();
    const fill = async (current: string, fresh: string) => {
      await here.getByLabel("Current password").fill(current);
      await here.getByLabel("New password", { exact: true }).fill(fresh);
      await here.keyboard.press("Enter");
    };
    await fill("not this one", "a longer horse");
    await here
      .getByRole("alert")
      .getByText(/Your password is wrong/)
      .waitFor();
    await fill(first.password, "a longer horse");
    await here.getByText(/Your password is changed/).waitFor();
    await waitUntilSignedOut(there);
    await here.getByText("You are signed in nowhere else.").waitFor();
    expect((await askAs(here, "/me")).status).toBe(200);
    await signIn({ name: "dora", password: "a longer horse" });
  });
});

interface Account {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly password?: string;
}

describe("on the command line", () => {
  test("people are added, found, changed, shut out and removed", async () => {
    const file = path.join(server.folder, "ben.password");
    await writeFile(file, "a password of ben\nsecond line\n", { mode: 0o600 });
    const made = await server.ask<Account>(
      "user",
      "add",
      "ben",
      "--role",
      "operator",
      "--password-file",
      file,
    );
    expect(made).toMatchObject({ name: "ben", role: "operator", state: "enabled" });
    expect(made.password).toBeUndefined();
    await signIn({ name: "ben", password: "a password of ben" });
    expect(await server.ask<unknown[]>("user", "sessions", "BEN")).toHaveLength(1);
    await server.ask("user", "sessions", "ben", "--end");
    expect(await server.ask<unknown[]>("user", "sessions", "ben")).toEqual([]);
    expect(await server.ask<Account[]>("user", "list", "--role", "operator")).toMatchObject([
      { name: "ben" },
    ]);
    expect(await server.ask<Account>("user", "role", "ben", "auditor")).toMatchObject({ role: "auditor" });
    expect(await server.ask<Account>("user", "disable", "ben")).toMatchObject({ state: "disabled" });
    expect(await server.ask<Account>("user", "enable", made.id)).toMatchObject({ state: "enabled" });
    const { password } = await server.ask<Account>("user", "password", "ben");
    expect(password).toMatch(/^[\w-]{16}$/);
    expect(await server.ask<Account>("user", "show", "ben")).toMatchObject({ id: made.id, role: "auditor" });
    await server.ask("user", "remove", "ben");
    await expect(server.ask("user", "show", "ben")).rejects.toThrow(/There is no account ben/);
  });

  test("what cannot be is refused in words", async () => {
    const { name } = readFirstLogin(server);
    const say = async (...command: string[]) => {
      const { code, stderr } = await runPostern(["user", ...command, "--data", server.data]);
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await say("disable", name)).toContain("This is the last administrator who can sign in.");
    expect(await say("add", name)).toContain("An account of this name exists already.");
    expect(await say("role", name, "king")).toContain("There is no role king.");
    expect(await say("add", "ben", "--password-file", "/nowhere")).toContain("cannot be read");
  });
});
