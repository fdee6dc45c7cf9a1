// A person at the viewer page: opens a desktop, and the panels of its bar.
import type { Page } from "playwright-core";
import type { PosternServer } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";

/** Opens a desktop in the viewer page, and waits until it takes keys. */
export async function viewDesktop(page: Page, server: PosternServer, name: string): Promise<void> {
  const all = await server.ask<{ id: string; name: string }[]>("desktop", "list");
  await page.goto(`${new URL(page.url()).origin}/view/${all.find((one) => one.name === name)!.id}`);
  await page.locator(".viewer-state[data-phase=open]").waitFor({ timeout: 30_000 });
  await waitFor(
    "the server's word on how it takes keys",
    async () => (await page.locator(".viewer-place canvas").getAttribute("width")) !== "0",
  );
  await page.waitForLoadState("networkidle").catch(() => undefined);
}

export async function openPanel(page: Page, name: "Clipboard" | "Special keys"): Promise<void> {
  await page.mouse.move(400, 2);
  await page.getByRole("button", { name, exact: true }).click();
}

export async function chooseKeyboard(page: Page, choice: string): Promise<void> {
  await page.getByLabel("Keyboard", { exact: true }).selectOption(choice);
}

export async function typeAsKeys(page: Page, text: string): Promise<void> {
  await page.getByLabel("Text to share with the desktop").fill(text);
  await page.getByRole("button", { name: "Type it as keys" }).click();
}
