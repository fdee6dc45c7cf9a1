import { appendFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { AuditLog } from "../../../../proxy/audit/audit-log.ts";
import { queryAudit, type AuditQuery } from "../../../../proxy/audit/query-audit.ts";
import { readLinesBackwards } from "../../../../proxy/audit/read-lines.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

it("reads the newest first, through all files, by what is asked for", async () => {
  const dataDir = await cleanup.makeFolder();
  const clock = new ManualClock(0);
  const log = pino({ level: "silent" });
  const audit = await AuditLog.open({ dataDir, serverId: "s-1", clock, log, maxFileBytes: 1_500 });
  for (let minute = 1; minute <= 12; minute++) {
    clock.advance(1_000);
    await audit.appendDurably({
      action: minute % 3 === 0 ? "session.refuse" : "session.start",
      outcome: minute % 3 === 0 ? "failure" : "success",
      actor: `id-${minute % 2}`,
      actorName: minute % 2 === 0 ? "anna" : "ben",
      desktopId: `d-${minute % 4}`,
      desktopName: `lab-${minute % 4}`,
      durationMs: minute,
      ...(minute === 12 && { bytesToViewer: 5, bytesToServer: 6, reason: "TOKEN_WRONG", tokenId: "t" }),
    });
  }
  await appendFile(path.join(dataDir, "audit/audit.jsonl"), '{"torn');
  const ask = async (query: AuditQuery) => (await queryAudit(dataDir, query)).map(({ sequence }) => sequence);
  expect(await ask({})).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(await ask({ limit: 2 })).toEqual([12, 11]);
  expect(await ask({ limit: 2, after: 11 })).toEqual([10, 9]);
  expect(await ask({ outcome: "failure", after: 9 })).toEqual([6, 3]);
  expect(await ask({ after: 1 })).toEqual([]);
  expect(await ask({ outcome: "failure" })).toEqual([12, 9, 6, 3]);
  expect(await ask({ action: "session", limit: 3 })).toEqual([12, 11, 10]);
  expect(await ask({ action: "session.refuse" })).toEqual([12, 9, 6, 3]);
  expect(await ask({ action: "sess" })).toEqual([]);
  expect(await ask({ actor: "anna", since: 8_000 })).toEqual([12, 10, 8]);
  expect(await ask({ actor: "id-1", until: 3_000 })).toEqual([3, 1]);
  expect(await ask({ desktop: "lab-3" })).toEqual([11, 7, 3]);
  expect(await ask({ desktop: "d-3", outcome: "success" })).toEqual([11, 7]);
  const [newest] = await queryAudit(dataDir, { limit: 1 });
  expect(newest).toMatchObject({
    at: 12_000,
    serverId: "s-1",
    reason: "TOKEN_WRONG",
    actor: { id: "id-0", name: "anna" },
    source: { address: null },
    tokenId: "t",
    bytesToViewer: 5,
    bytesToServer: 6,
    durationMs: 12,
  });
  await audit.close();
});

it("gives at most a thousand lines", async () => {
  const dataDir = await cleanup.makeFolder();
  const log = pino({ level: "silent" });
  const audit = await AuditLog.open({ dataDir, serverId: "s-1", clock: new ManualClock(), log });
  for (let line = 0; line <= PROXY_LIMITS.auditRows; line++)
    audit.append({ action: "logout", outcome: "success" });
  await audit.close();
  expect(await queryAudit(dataDir, { limit: PROXY_LIMITS.auditRows })).toHaveLength(PROXY_LIMITS.auditRows);
  expect(await queryAudit(dataDir, { limit: PROXY_LIMITS.auditRows + 1 })).toHaveLength(
    PROXY_LIMITS.auditRows,
  );
});

it.each(["a\nbb\nccc\n", "a\nbb\nccc\ntorn", "\n\na\n", "torn", "", "one\n"])(
  "reads %j backwards in blocks of any size",
  async (text) => {
    const file = path.join(await cleanup.makeFolder(), "lines");
    await writeFile(file, text);
    const wanted = text.split("\n").slice(0, -1).reverse();
    for (let block = 1; block <= text.length + 1; block++) {
      const read: string[] = [];
      for await (const lines of readLinesBackwards(file, block)) read.push(...lines);
      expect(read, `${block}`).toEqual(wanted);
    }
  },
);
