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
    startServerProgram(cleanup, { args: ["--sign-up", "approve"] }).then((started) => (server = started)),
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

describe("without an account", () => {
  test("an invitation is opened in another browser, makes the account and signs in, once", async () => {
    await admin.getByRole("link", { name: "People" }).click();
    await admin.getByRole("button", { name: "Invite", exact: true }).click();
    const dialog = admin.getByRole("dialog");
    await dialog.getByRole("radio", { name: /^Operator/ }).check({ force: true });
    await dialog.getByRole("button", { name: "Make the link" }).click();
    await admin.getByRole("heading", { name: "The invitation" }).waitFor();
    const link = await dialog.locator("code").innerText();
    await dialog.getByRole("button", { name: "Done" }).click();
    await admin.getByRole("button", { name: "1 open invitation" }).waitFor();

    const guest = await (await openProfile(browser)).newPage();
    await guest.goto(link);
    await guest.getByText("You are invited.").waitFor();
    // The secret is neither in the address nor in the history.
    expect(guest.url()).toBe(`${server.origin}/invitation`);
    await guest.getByLabel("Name").fill("nina");
    await guest.getByLabel("Password", { exact: true }).fill("short");
    await guest.keyboard.press("Enter");
    await guest.getByRole("alert").getByText("A password has at least 10 characters.").waitFor();
    await guest.getByLabel("Password", { exact: true }).fill("a longer horse");
    await guest.keyboard.press("Enter");
    await guest.getByRole("heading", { name: DESKTOP }).waitFor();
    expect(await askAs(guest, "/me")).toMatchObject({ body: { name: "nina", role: "operator" } });

    const late = await (await openProfile(browser)).newPage();
    await late.goto(link);
    await late.getByText(/This invitation does not count/).waitFor();
    await signIn({ name: "nina", password: "a longer horse" });
  });

  test("who asks for an account waits, and enters once an administrator agrees", async () => {
    const stranger = await (await openProfile(browser)).newPage();
    await stranger.goto(`${server.origin}/`);
    await stranger.getByRole("button", { name: "Ask for an account" }).click();
    await stranger.getByLabel("Name").fill("sam");
    await stranger.getByLabel("Password", { exact: true }).fill("sam has a horse");
    await stranger.getByLabel("Who you are, and what for").fill("Course on diffraction");
    await stranger.getByRole("button", { name: "Send" }).click();
    await stranger.getByText(/^Sent\./).waitFor();
    await stranger.getByRole("button", { name: "Back" }).click();
    await stranger.locator("#name").fill("sam");
    await stranger.locator("#password").fill("sam has a horse");
    await stranger.keyboard.press("Enter");
    await stranger
      .getByRole("alert")
      .getByText(/You have asked for an account/)
      .waitFor();

    await admin.reload();
    await admin.getByRole("button", { name: "1 person asks for an account" }).click();
    const dialog = admin.getByRole("dialog");
    await dialog.getByText("Course on diffraction").waitFor();
    await dialog.getByRole("button", { name: "Agree: sam" }).click();
    await dialog.getByRole("button", { name: "Make the account" }).click();
    await dialog.getByText("Nobody asks now.").waitFor();
    await admin.keyboard.press("Escape");
    await stranger.keyboard.press("Enter");
    await stranger.locator("#wall").waitFor();
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
    const operators = await server.ask<Account[]>("user", "list", "--role", "operator");
    expect(operators.map(({ name }) => name)).toContain("ben");
    expect(operators.filter(({ role }) => role !== "operator")).toEqual([]);
    expect(await server.ask<Account>("user", "role", "ben", "auditor")).toMatchObject({ role: "auditor" });
    expect(await server.ask<Account>("user", "disable", "ben")).toMatchObject({ state: "disabled" });
    expect(await server.ask<Account>("user", "enable", made.id)).toMatchObject({ state: "enabled" });
    const { password } = await server.ask<Account>("user", "password", "ben");
    expect(password).toMatch(/^[\w-]{16}$/);
    expect(await server.ask<Account>("user", "show", "ben")).toMatchObject({ id: made.id, role: "auditor" });
    await server.ask("user", "remove", "ben");
    await expect(server.ask("user", "show", "ben")).rejects.toThrow(/There is no account ben/);
  });

  test("people are invited, asked for, and imported", async () => {
    await server.ask("group", "add", "students");
    const invited = await server.ask<{ url: string; id: string; expiresAt: number }>(
      ...["user", "invite", "--role", "operator", "--group", "STUDENTS", "--expires", "1h", "--name", "uma"],
    );
    expect(invited.url).toMatch(/\/invitation#[\w-]{43}$/);
    expect(await server.ask<unknown[]>("user", "invitations")).toMatchObject([
      { id: invited.id, name: "uma", role: "operator", groups: [{ name: "students" }], by: null },
    ]);
    await server.ask("user", "uninvite", invited.id);
    expect(await server.ask<unknown[]>("user", "invitations")).toEqual([]);
    const page = await (await openProfile(browser)).newPage();
    await page.goto(`${server.origin}/`);
    for (const name of ["tom", "tim"])
      await page.evaluate(
        `fetch("/api/v1/sign-up", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: "${name}", password: "a password of his", reason: "r" }) })`,
      );
    expect(await server.ask<unknown[]>("user", "requests")).toMatchObject([{ name: "tom" }, { name: "tim" }]);
    expect(await server.ask<Account>("user", "approve", "TOM", "--group", "students")).toMatchObject({
      ...{ name: "tom", role: "user", state: "enabled" },
    });
    await server.ask("user", "refuse", "tim");
    expect(await server.ask<unknown[]>("user", "requests")).toEqual([]);

    const file = path.join(server.folder, "people.csv");
    await writeFile(file, "name,groups\nvera,students\nwill,\n");
    expect(await server.ask<unknown[]>("user", "import", file, "--dry-run")).toHaveLength(2);
    const made = await server.ask<Account[]>("user", "import", file, "--role", "auditor");
    expect(made).toMatchObject([
      { name: "vera", role: "auditor", groups: ["students"] },
      { name: "will", role: "auditor", groups: [] },
    ]);
    await signIn({ name: "vera", password: made[0]?.password ?? "" });
    expect(await server.ask<Account[]>("group", "member", "list", "students")).toMatchObject([
      { name: "tom" },
      { name: "vera" },
    ]);
    const before = (await server.ask<Account[]>("user", "list")).length;
    await writeFile(file, "name\nxena\nWILL\n");
    const again = await runPostern(["user", "import", file, "--data", server.data]);
    expect(again.stderr).toContain("line 3: WILL has an account already. Nobody was imported.");
    expect(await server.ask<Account[]>("user", "list")).toHaveLength(before);
    await writeFile(file, "xena:$apr1$a$b\n");
    const [link] = await server.ask<{ url: string }[]>("user", "import", file, "--invite");
    expect(link?.url).toMatch(/#[\w-]{43}$/);
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
