// What a person types in the viewer page reaches QEMU as it was written, or not at all when the line is dead.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  type PosternProgram,
  type PosternServer,
  startAgentProgram,
  startServerProgram,
} from "../support/postern.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { startStoppingRelay, type StoppingRelay } from "../support/stopping-relay.ts";
import { startQemuVnc } from "../support/vnc-servers.ts";
import { waitFor } from "../support/wait-for.ts";
import { openWall } from "./browser-steps.ts";
import { chooseKeyboard, openPanel, typeAsKeys, viewDesktop } from "./viewer-steps.ts";

const LAYOUTS = { us: [], fr: ["-k", "fr"], de: ["-k", "de"] } as const;
type Name = keyof typeof LAYOUTS;

const cleanup = new CleanupStack();
const traces = {} as Record<Name, string>;
let server: PosternServer;
let agent: PosternProgram;
let relay: StoppingRelay;
/** On the agent's way to the server. */
let agentRelay: StoppingRelay;
let page: Page;
let cdp: CDPSession;

beforeAll(async () => {
  const folder = await cleanup.makeFolder();
  const desktops: Record<string, string> = {};
  for (const name of Object.keys(LAYOUTS) as Name[]) {
    traces[name] = path.join(folder, name);
    const trace = ["-trace", "input_event_key_qcode", "-D", traces[name]];
    const { endpoint } = await startQemuVnc(cleanup, "", [], [...trace, ...LAYOUTS[name]]);
    desktops[name] = endpoint;
  }
  server = await startServerProgram(cleanup);
  agentRelay = await startStoppingRelay(cleanup, server.listen);
  agent = await startAgentProgram(cleanup, server, { desktops, proxy: `127.0.0.1:${agentRelay.port}` });
  relay = await startStoppingRelay(cleanup, server.listen);
  page = await openWall(cleanup, server, `https://127.0.0.1:${relay.port}`);
  cdp = await page.context().newCDPSession(page);
}, 120_000);
afterEach(() => {
  for (const one of [relay, agentRelay]) one.mend();
  for (const program of [agent, server]) process.kill(program.process.pid, "SIGCONT");
});
afterAll(() => cleanup.close());

const view = (name: Name): Promise<void> => viewDesktop(page, server, name);

/** Keys that reached a guest since `from`: each with what was held, such as `shift+p`. */
async function readKeys(name: Name, from: number): Promise<string[]> {
  const text = (await readFile(traces[name], "utf8").catch(() => "")).slice(from);
  const held: string[] = [];
  const keys: string[] = [];
  for (const [, key = "", down] of text.matchAll(/key qcode (\S+), down (\d)/g)) {
    const modifier = /^(shift|alt|ctrl)/.test(key);
    if (modifier && down === "1") held.push(key);
    else if (modifier) held.splice(held.indexOf(key), 1);
    else if (down === "1") keys.push([...held, key].join("+"));
  }
  return keys;
}

async function sizeOf(name: Name): Promise<number> {
  return (await stat(traces[name]).catch(() => ({ size: 0 }))).size;
}

async function expectKeys(name: Name, keys: readonly string[], act: () => Promise<void>): Promise<void> {
  const from = await sizeOf(name);
  await act();
  await waitFor(`${keys.length} keys`, async () => (await readKeys(name, from)).length >= keys.length).catch(
    () => undefined,
  );
  expect(await readKeys(name, from)).toEqual(keys);
}

test("a text typed as keys arrives with capitals and signs, and what cannot be typed is said", async () => {
  await view("us");
  await openPanel(page, "Clipboard");
  const keys = ["shift+p", "shift+2", "s", "s", "w", "0", "r", "d", "shift+1"];
  await expectKeys("us", keys, () => typeAsKeys(page, "P@ssw0rd!é"));
  await page.getByText("Its keyboard has no keys for: é").waitFor();
});

test.each([
  ["fr", "French", "P@w!é€", ["shift+p", "alt_r+0", "z", "slash", "2", "alt_r+e"]],
  ["de", "German", "P@yß€", ["shift+p", "alt_r+q", "z", "minus", "alt_r+e"]],
] as const)(
  "a machine with the keymap %s gets the keys of a %s keyboard",
  async (name, title, text, keys) => {
    await view(name);
    await openPanel(page, "Special keys");
    await chooseKeyboard(page, `The system has a ${title} layout`);
    await openPanel(page, "Clipboard");
    await expectKeys(name, keys, () => typeAsKeys(page, text));
  },
);

test("a word of an input method arrives once, at its commit", async () => {
  await view("us");
  await openPanel(page, "Special keys");
  await page.getByLabel("Text for the screen").focus();
  await expectKeys("us", ["h", "e", "l", "l", "o", "spc"], async () => {
    for (const text of ["h", "he", "hel", "helx", "hel", "hell", "hello"])
      await cdp.send("Input.imeSetComposition", {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      });
    await cdp.send("Input.insertText", { text: "hello" });
    await cdp.send("Input.insertText", { text: " " });
  });
});

test("a text that is too long for a clipboard is not sent, and the page says so", async () => {
  await view("us");
  await openPanel(page, "Clipboard");
  await page.getByLabel("Text to share with the desktop").fill("x".repeat(262_144));
  await page.getByRole("button", { name: "Send to its clipboard" }).click();
  await page.getByText("Not sent: the text is 1 byte longer").waitFor();
  await page.locator('.viewer[data-phase="open"]').waitFor();
});

test("the bar covers nothing of the desktop once the pointer is at the picture, and comes back at the edge", async () => {
  await view("us");
  const bar = page.getByRole("toolbar", { name: "Viewer" });
  await page.mouse.move(400, 300);
  await bar.waitFor({ state: "hidden" });
  await page.waitForFunction(
    `[...Array(12).keys()].every((n) =>
      document.elementFromPoint(innerWidth / 2 - 60 + 10 * n, 8)?.closest(".viewer-place"))`,
  );
  await page.mouse.move(400, 2);
  await bar.waitFor({ state: "visible" });
  // On the way from the edge to the bar it stays.
  await page.mouse.move(300, 20);
  await page.getByRole("button", { name: "Clipboard", exact: true }).hover();
  expect(await bar.isVisible()).toBe(true);
});

test("an AZERTY keyboard types its characters at a guest with a US layout", async () => {
  await view("us");
  await openPanel(page, "Special keys");
  await chooseKeyboard(page, "The system has a US layout");
  await page.keyboard.press("Escape");
  await page.locator(".viewer-place canvas").focus();
  const press = async (key: string, code: string) => {
    await cdp.send("Input.dispatchKeyEvent", { type: "keyDown", key, code, text: key });
    await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", key, code });
  };
  await expectKeys("us", ["a", "z", "m", "shift+1"], async () => {
    await press("a", "KeyQ");
    await press("z", "KeyW");
    await press("m", "Semicolon");
    await press("!", "Slash");
  });
});

test.each<[string, () => void, () => void]>([
  ["a network that is cut", () => relay.cut(), () => relay.mend()],
  ["an agent's network that is cut", () => agentRelay.cut(), () => agentRelay.mend()],
  [
    "a server that is stopped",
    () => process.kill(server.process.pid, "SIGSTOP"),
    () => process.kill(server.process.pid, "SIGCONT"),
  ],
  [
    "an agent that is stopped",
    () => process.kill(agent.process.pid, "SIGSTOP"),
    () => process.kill(agent.process.pid, "SIGCONT"),
  ],
])(
  "%s makes the picture grey, and what is typed then never runs",
  async (_what, stop, mend) => {
    await view("us");
    await page.locator(".viewer-place canvas").focus();
    await expectKeys("us", ["a"], () => page.keyboard.press("a"));
    // The page answers pings by now.
    await page.waitForFunction(`document.querySelector(".viewer").dataset.silent === "false"`);
    const from = await sizeOf("us");
    const began = performance.now();
    stop();
    // Before anybody can know.
    await page.keyboard.press("q");
    const silent = page.locator('.viewer[data-silent="true"], .viewer[data-phase="waiting"]');
    await silent.waitFor({ timeout: 15_000 });
    await page.keyboard.type("reboot");
    // What came in a shorter halt is late, not stale.
    await waitFor("a halt, and no hiccup", () => performance.now() - began > 7_000);
    mend();
    await page.locator('.viewer[data-silent="false"][data-phase="open"]').waitFor({ timeout: 40_000 });
    await page.locator(".viewer-place canvas").focus();
    await waitFor("a key that arrives", async () => {
      await page.keyboard.press("x");
      return (await readKeys("us", from)).includes("x");
    });
    expect(new Set(await readKeys("us", from))).toEqual(new Set(["x"]));
  },
  90_000,
);

test("a native viewer's keys do not run later either", async () => {
  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  await viewer.handshake({ password: await server.createToken("us") });
  await expectKeys("us", ["a"], () => Promise.resolve(viewer.pressKey(0x61)));
  // What the agent has not been known to get when it falls silent would end the session.
  const typedAt = performance.now();
  await waitFor("an answer to a later ping", () => performance.now() - typedAt > 3_000);
  const from = await sizeOf("us");
  process.kill(agent.process.pid, "SIGSTOP");
  // Until the server has missed the agent's answers.
  const began = performance.now();
  await waitFor("the agent's silence", () => performance.now() - began > 7_000, { timeoutMs: 10_000 });
  viewer.pressKey(0x62);
  process.kill(agent.process.pid, "SIGCONT");
  await waitFor("a key that arrives", async () => {
    viewer.pressKey(0x78);
    return (await readKeys("us", from)).includes("x");
  });
  expect(await readKeys("us", from)).not.toContain("b");
}, 60_000);
