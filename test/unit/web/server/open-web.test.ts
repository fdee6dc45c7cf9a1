import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { NO_QUOTAS, openOrchestrator } from "../../../../orchestrator/index.ts";
import { openStores } from "../../../../proxy/index.ts";
import { openWeb } from "../../../../web/index.ts";
import { FakeProxy } from "../../../support/fake-proxy.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

async function openBelow() {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-web-"));
  const clock = new ManualClock();
  const log = pino({ level: "silent" });
  const stores = await openStores({ database: "sqlite::memory:", masterKey: Buffer.alloc(32, 7) }, clock);
  const proxy = new FakeProxy(stores);
  const orchestrator = await openOrchestrator({ proxy, imagesDir: null, quotas: NO_QUOTAS, clock, log });
  onTestFinished(async () => {
    await orchestrator.close();
    await stores.close();
    await rm(dir, { recursive: true });
  });
  return { dir, proxy, options: { proxy, orchestrator, clientDir: dir, clock, log } };
}

it("closing the web ends what it follows, and nothing of the orchestrator that it was given", async () => {
  const { dir, proxy, options } = await openBelow();
  const before = proxy.listeners;
  expect(before).toBeGreaterThan(0);
  const web = await openWeb({ ...options, adminSocket: path.join(dir, "s") });
  expect(proxy.listeners).toBeGreaterThan(before);
  await web.close();
  await web.close();
  expect(proxy.listeners).toBe(before);
});

it("a web that cannot open leaves nothing open", async () => {
  const { dir, proxy, options } = await openBelow();
  const before = proxy.listeners;
  const adminSocket = path.join(dir, "x".repeat(120));
  await expect(openWeb({ ...options, adminSocket })).rejects.toMatchObject({ code: "ADMIN_SOCKET_PATH" });
  expect(proxy.listeners).toBe(before);
});
