// A line of everything that can be typed arrives as it was written: by every way of typing text, at every kind of VNC server.
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openWall } from "../e2e/browser-steps.ts";
import { chooseKeyboard, openPanel, typeAsKeys, viewDesktop } from "../e2e/viewer-steps.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import {
  startQemuTarget,
  startX11vncTarget,
  startXvncTarget,
  type TypingTarget,
} from "../support/typing-targets.ts";
import { waitFor } from "../support/wait-for.ts";

const ASCII = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index)).join("");
const LINE = `${ASCII}éß€`;

interface TargetKind {
  readonly name: string;
  readonly start: (cleanup: CleanupStack) => Promise<TypingTarget>;
  /** What a person chooses as *Keyboard*; null: nothing. */
  readonly choice: string | null;
  /** Characters that the guest's keyboard has no key for: the page names them. */
  readonly missing: string;
}

const TARGETS: readonly TargetKind[] = [
  {
    name: "qemu-us",
    start: (cleanup) => startQemuTarget(cleanup, "us"),
    choice: null,
    missing: "éß€",
  },
  {
    name: "qemu-fr",
    start: (cleanup) => startQemuTarget(cleanup, "fr"),
    choice: "The system has a French layout",
    missing: "ß",
  },
  { name: "xvnc", start: startXvncTarget, choice: null, missing: "" },
  { name: "x11vnc", start: startX11vncTarget, choice: null, missing: "" },
];

const cleanup = new CleanupStack();
const targets = new Map<string, TypingTarget>();
let server: PosternServer;
let page: Page;
let cdp: CDPSession;

beforeAll(async () => {
  for (const { name, start } of TARGETS) targets.set(name, await start(cleanup));
  server = await startServerProgram(cleanup);
  const desktops = Object.fromEntries([...targets].map(([name, { endpoint }]) => [name, endpoint]));
  await startAgentProgram(cleanup, server, { desktops });
  page = await openWall(cleanup, server);
  cdp = await page.context().newCDPSession(page);
});
afterAll(() => cleanup.close());

function leaveOut(text: string, missing: string): string {
  return [...text].filter((character) => !missing.includes(character)).join("");
}

async function expectText(name: string, text: string, act: () => Promise<void>): Promise<void> {
  const target = targets.get(name)!;
  await target.clear();
  await act();
  let seen = "";
  await waitFor(
    "the text",
    async () => {
      seen = await target.read();
      return seen.length >= text.length;
    },
    { timeoutMs: 30_000 },
  ).catch(() => undefined);
  expect(seen).toBe(text);
}

async function commit(text: string, { by = [] }: { readonly by?: readonly string[] } = {}): Promise<void> {
  for (const step of by) {
    const caret = { selectionStart: step.length, selectionEnd: step.length };
    await cdp.send("Input.imeSetComposition", { text: step, ...caret });
  }
  await cdp.send("Input.insertText", { text });
}

/** As keyboards of Android do: words are composed letter by letter, everything else is inserted; no key has a code. */
async function typeOnPhone(text: string): Promise<void> {
  for (const [token] of text.matchAll(/[\p{L}]+|[^\p{L}]/gu)) {
    const by = /\p{L}/u.test(token) ? [...token].map((_, index) => token.slice(0, index + 1)) : [];
    await commit(token, { by });
  }
}

describe.each(TARGETS)("$name", ({ name, choice, missing }) => {
  beforeAll(async () => {
    await viewDesktop(page, server, name);
    if (choice === null) return;
    await openPanel(page, "Special keys");
    await chooseKeyboard(page, choice);
    await page.keyboard.press("Escape");
  });

  async function expectNamed(): Promise<void> {
    if (missing !== "")
      await page
        .getByText(`Its keyboard has no keys for: ${[...missing].join(" ")}`)
        .first()
        .waitFor();
  }

  test("by *Type it as keys*", async () => {
    await openPanel(page, "Clipboard");
    await expectText(name, leaveOut(LINE, missing), () => typeAsKeys(page, LINE));
    await expectNamed();
    await page.keyboard.press("Escape");
  });

  test("by a phone's keyboard", async () => {
    // A mouse sees no button for it.
    await page.evaluate(`document.querySelector(".touch-only").click()`);
    await page.locator(".touch-keyboard").waitFor();
    const text = leaveOut(LINE, missing);
    await expectText(name, text, () => typeOnPhone(text));
    const word = "Hello";
    // A word that the keyboard corrects while it is composed, and a letter that is taken back.
    await expectText(name, "Hello\b", async () => {
      await commit(word, { by: ["H", "He", "Hel", "Helk", "Hel", "Hell"] });
      await page.keyboard.press("Backspace");
    });
    await page.keyboard.press("Escape");
  });

  test("by composition, as dead keys and input methods do it", async () => {
    await openPanel(page, "Special keys");
    await page.getByLabel("Text for the screen").focus();
    const text = leaveOut(LINE, missing);
    await expectText(name, text, async () => {
      for (const character of text)
        await commit(character, { by: [character === "é" ? "´" : character.normalize("NFD")[0]!] });
    });
    await page.keyboard.press("Escape");
  });
});

/** A key of the person's own keyboard, as Chromium reports it. */
async function pressKey(key: string, code: string): Promise<void> {
  await cdp.send("Input.dispatchKeyEvent", {
    ...{ type: "keyDown", key, code },
    ...(key.length === 1 ? { text: key } : {}),
  });
  await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", key, code });
}

test.each(["xvnc", "x11vnc"])("dead keys at the picture itself make their character: %s", async (name) => {
  await viewDesktop(page, server, name);
  await page.locator(".viewer-place canvas").focus();
  await expectText(name, "éêü", async () => {
    for (const [code, character, letter] of [
      ["Quote", "é", "KeyE"],
      ["BracketLeft", "ê", "KeyE"],
      ["BracketLeft", "ü", "KeyU"],
    ] as const) {
      await pressKey("Dead", code);
      await pressKey(character, letter);
    }
  });
});
