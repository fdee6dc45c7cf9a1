// A person at the pages: signs in, makes machines, looks at screens.
import type { BrowserContext, Page } from "playwright-core";
import { openProfile, startBrowser, type Screen } from "../support/browser.ts";
import type { CleanupStack } from "../support/cleanup-stack.ts";
import { Bitmap } from "../support/bitmap.ts";
import type { PosternServer } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";

/** The first login as the server printed it at its first start. */
export function readFirstLogin(server: PosternServer): { name: string; password: string } {
  const found = /First login\s+(\S+)\s+Password\s+(\S+)/.exec(server.process.stdout);
  if (!found) throw new Error(`No first login in: ${server.process.stdout}`);
  return { name: found[1]!, password: found[2]! };
}

/** @param origin where the browser goes, where that is not the server itself */
export async function openWall(
  cleanup: CleanupStack,
  server: PosternServer,
  origin = server.origin,
  screen: Screen = {},
): Promise<Page> {
  const profile: BrowserContext = await openProfile(await startBrowser(cleanup), screen);
  const page = await profile.newPage();
  const { name, password } = readFirstLogin(server);
  await page.goto(`${origin}/`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#wall").waitFor();
  return page;
}

/** Keeps every state that any monitor shows, in order, from now on. */
export async function recordStates(page: Page): Promise<() => Promise<string[]>> {
  // As text: the function runs in the page, where the test's own tooling does not exist.
  await page.evaluate(`(() => {
    const states = (globalThis.__states = []);
    const look = () => {
      for (const monitor of document.querySelectorAll("article.monitor[data-machine]")) {
        const state = monitor.getAttribute("data-state");
        if (state && states.at(-1) !== state) states.push(state);
      }
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"],
    });
    look();
  })()`);
  return () => page.evaluate("globalThis.__states");
}

export async function createMachine(page: Page, title: RegExp): Promise<void> {
  await page
    .getByRole("button", { name: /New machine|Create your first machine/ })
    .first()
    .click();
  const panel = page.getByRole("dialog");
  await panel.locator("label.image-card", { hasText: title }).click();
  await panel.getByRole("button", { name: "Create machine" }).click();
  await panel.waitFor({ state: "detached" });
}

/** What the guest's screen shows in the viewer page, as it was drawn. */
export async function readCanvas(page: Page): Promise<Bitmap> {
  const url = await page.evaluate<string>(
    `document.querySelector(".viewer-place canvas").toDataURL("image/png")`,
  );
  return Bitmap.decode(Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
}

/** Waits until what the canvas shows meets the condition. */
export function waitForCanvas(
  page: Page,
  what: string,
  condition: (picture: Bitmap) => boolean,
  timeoutMs = 20_000,
): Promise<Bitmap> {
  return waitFor(
    what,
    async () => {
      const picture = await readCanvas(page).catch(() => undefined);
      return picture !== undefined && condition(picture) && picture;
    },
    { timeoutMs },
  );
}
