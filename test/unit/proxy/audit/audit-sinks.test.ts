import { readFile } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { AuditLog } from "../../../../proxy/audit/audit-log.ts";
import { AUDIT_SINKS } from "../../../../proxy/audit/audit-sinks.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

async function openAudit(write: (lines: readonly string[]) => Promise<void>) {
  const dataDir = await cleanup.makeFolder();
  let logged = "";
  let closed = false;
  const close = () => Promise.resolve(void (closed = true));
  const audit = await AuditLog.open({
    dataDir,
    serverId: "server-1",
    clock: new ManualClock(),
    log: pino({}, { write: (line: string) => (logged += line) }),
    sinks: [...AUDIT_SINKS, () => ({ write: ({ lines }) => write(lines), close })],
  });
  cleanup.add({ stop: () => audit.close() });
  const readLog = () => readFile(path.join(dataDir, "audit/audit.jsonl"), "utf8");
  return { audit, readLog, logged: () => logged, closed: () => closed };
}

it("a further sink gets what the file has, and is closed with the log", async () => {
  let copy = "";
  const { audit, readLog, closed } = await openAudit((lines) =>
    Promise.resolve(void (copy += lines.join(""))),
  );
  await audit.appendDurably({ action: "session.start", outcome: "success" });
  audit.append({ action: "session.end", outcome: "success" });
  await audit.close();
  expect(copy).toBe(await readLog());
  expect(closed()).toBe(true);
});

it("the failure of a further sink is logged, and delays and fails nothing", async () => {
  const { audit, readLog, logged } = await openAudit(() => Promise.reject(new Error("away")));
  await audit.appendDurably({ action: "session.start", outcome: "success" });
  expect(await readLog()).toContain("session.start");
  expect(logged()).toContain("audit.sink");
});
