import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { startPurge } from "../../../../proxy/identify/purge-expired.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { openStores } from "../../../../proxy/state/open-stores.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { waitFor } from "../../../support/wait-for.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

test("closed sessions are deleted by themselves when they are older than a month", async () => {
  const clock = new ManualClock();
  const folder = await cleanup.makeFolder();
  const stores = await openStores({ database: `sqlite:${folder}/db`, masterKey: Buffer.alloc(32, 7) }, clock);
  cleanup.add({ stop: () => stores.close() });
  const stop = startPurge({ stores, clock, log: pino({ level: "silent" }), onForgotten: () => undefined });
  const session = {
    ...({ desktopId: "d", desktopName: "lab", agentId: "a", serverId: "s", method: "token" } as const),
    ...({ transport: "rfb", role: "control", subject: "t", sourceAddress: "192.0.2.1" } as const),
  };
  const end = { cause: "VIEWER_LEFT", bytesToViewer: 0, bytesToServer: 0 };
  for (const id of ["closed", "open"]) await stores.sessions.open({ ...session, id, startedAt: clock.now() });
  await stores.sessions.close("closed", { ...end, endedAt: clock.now() });
  clock.advance(PROXY_LIMITS.sessionMemoryMs - 1000);
  const recent = clock.now();
  await stores.sessions.open({ ...session, id: "recent", startedAt: recent });
  await stores.sessions.close("recent", { ...end, endedAt: recent });
  const ids = async () => (await stores.sessions.list()).map(({ id }) => id);
  await waitFor("the clean-up", async () => {
    clock.advance(PROXY_LIMITS.sweepMs);
    return !(await ids()).includes("closed");
  });
  expect(await ids()).toEqual(["recent", "open"]);
  stop();
});
