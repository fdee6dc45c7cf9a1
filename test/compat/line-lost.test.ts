// The viewer page on a line that drops every packet for a while: it says so, comes back, and runs nothing that was typed meanwhile.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWall } from "../e2e/browser-steps.ts";
import { viewDesktop } from "../e2e/viewer-steps.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { makeNetworkNamespace } from "../support/network-namespace.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";
import { startQemuVnc } from "../support/vnc-servers.ts";
import { waitFor } from "../support/wait-for.ts";

/** What the page promises; beside the second, what connecting takes here at the moment. */
const SAID_MS = 6_000;
const BACK_MS = 3_000;

const cleanup = new CleanupStack();
let trace: string;
let server: PosternServer;
let page: Page;
let namespace: readonly string[];

async function run(...args: string[]): Promise<void> {
  const [program = "", ...before] = namespace;
  const { code, stderr } = await runProcess(program, [...before, ...args]);
  if (code !== 0) throw new Error(`${args.join(" ")} failed: ${stderr}`);
}

/** Packets vanish, in both directions and without a word: links and addresses stay. */
async function cut(): Promise<void> {
  await run("nft", "add table inet cut");
  for (const [hook, interfaceName] of [
    ["input", "iifname"],
    ["output", "oifname"],
  ] as const) {
    await run("nft", `add chain inet cut ${hook} { type filter hook ${hook} priority 0; }`);
    await run("nft", `add rule inet cut ${hook} ${interfaceName} eth0 drop`);
  }
}

beforeAll(async () => {
  trace = path.join(await cleanup.makeFolder(), "trace");
  const { inside, via } = await makeNetworkNamespace(cleanup);
  namespace = via;
  const socket = path.join(await cleanup.makeFolder(), "vnc");
  await startQemuVnc(
    cleanup,
    "",
    [],
    [...["-trace", "input_event_key_qcode", "-D", trace], ...["-vnc", `unix:${socket}`]],
  );
  server = await startServerProgram(cleanup, { via, args: ["--listen", `${inside}:0`] });
  await startAgentProgram(cleanup, server, {
    ...{ via, proxy: `${inside}:${server.listen}` },
    desktops: { far: `unix:${socket}` },
  });
  page = await openWall(cleanup, server, `https://${inside}:${server.listen}`);
}, 120_000);
afterAll(() => cleanup.close());

async function readKeys(from: number): Promise<string[]> {
  const text = (await readFile(trace, "utf8").catch(() => "")).slice(from);
  return [...text.matchAll(/key qcode (\S+), down 1/g)].map(([, key = ""]) => key);
}

/** So much longer than the silence that is allowed: within one connection, and over several attempts. */
test.each([7_000, 25_000])("packets are lost for %i ms", async (outageMs) => {
  const began = performance.now();
  await viewDesktop(page, server, "far");
  const usual = performance.now() - began;
  await page.locator(".viewer-place canvas").focus();
  await waitFor("a key that arrives", async () => {
    await page.keyboard.press("a");
    return (await readKeys(0)).length > 0;
  });
  // The page answers pings by now.
  await page.waitForTimeout(2_500);
  const { size } = await stat(trace);
  await cut();
  const cutAt = performance.now();
  await page.keyboard.press("q");
  await page.locator('.viewer[data-silent="true"], .viewer[data-phase="waiting"]').waitFor();
  const said = performance.now() - cutAt;
  expect(await page.getByText("The server does not answer.").isVisible()).toBe(true);
  await page.keyboard.type("reboot");
  await waitFor("the outage", () => performance.now() - cutAt > outageMs, { timeoutMs: outageMs + 5_000 });
  await run("nft", "delete table inet cut");
  const mendedAt = performance.now();
  await page.locator('.viewer[data-silent="false"][data-phase="open"]').waitFor({ timeout: 40_000 });
  const back = performance.now() - mendedAt;
  process.stdout.write(
    `outage ${outageMs} ms: said after ${Math.round(said)} ms, back after ${Math.round(back)} ms, usual ${Math.round(usual)} ms\n`,
  );
  await page.locator(".viewer-place canvas").focus();
  await waitFor("a key that arrives", async () => {
    await page.keyboard.press("x");
    return (await readKeys(size)).includes("x");
  });
  expect(new Set(await readKeys(size))).toEqual(new Set(["x"]));
  expect(said).toBeLessThan(SAID_MS + usual / 4);
  expect(back).toBeLessThan(BACK_MS + usual);
});
