import { appendFile, mkdir, open, readFile, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AuditLog } from "../../../../proxy/audit/audit-log.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { Owner } from "../../../support/owner.ts";
import { waitFor } from "../../../support/wait-for.ts";

const owner = new Owner();
afterEach(async () => {
  vi.restoreAllMocks();
  await owner.close();
});

interface Opened {
  readonly audit: AuditLog;
  readonly clock: ManualClock;
  readonly file: string;
  readonly lines: () => Promise<Record<string, Record<string, unknown>>[]>;
}

async function openAudit(given?: string): Promise<Opened> {
  const dataDir = given ?? (await owner.makeFolder());
  const clock = new ManualClock();
  const log = pino({ level: "silent" });
  const audit = await AuditLog.open({ dataDir, serverId: "server-1", clock, log });
  owner.own({ stop: () => audit.close() });
  const file = path.join(dataDir, "audit/audit.jsonl");
  const lines: Opened["lines"] = async () => {
    const text = await readFile(file, "utf8");
    return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as never]));
  };
  return { audit, clock, file, lines };
}

describe("AuditLog", () => {
  it("writes ECS lines into a private file, on the disk before it says so", async () => {
    const { audit, file, lines } = await openAudit();
    await audit.appendDurably({
      action: "session.start",
      outcome: "success",
      actor: "token-1",
      reason: "token",
      source: { address: "192.0.2.1", port: 7 },
      sessionId: "s",
      desktopId: "d",
      agentId: "a",
      machineId: "m",
      bytesToViewer: 10,
      bytesToServer: 2,
      durationMs: 1.5,
    });
    expect(await lines()).toEqual([
      {
        "@timestamp": "2026-01-01T00:00:00.000Z",
        event: {
          sequence: 1,
          kind: "event",
          action: "session.start",
          outcome: "success",
          reason: "token",
          duration: 1_500_000,
        },
        service: { node: { name: "server-1" } },
        user: { id: "token-1" },
        source: { ip: "192.0.2.1", port: 7, bytes: 2 },
        destination: { bytes: 10 },
        agent: { id: "a" },
        postern: { session: { id: "s" }, desktop: { id: "d" }, machine: { id: "m" } },
      },
    ]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("keeps order and numbers under parallel lines, and goes on after a restart and a cut line", async () => {
    const first = await openAudit();
    for (let count = 0; count < 20; count++) first.audit.append({ action: "logout", outcome: "success" });
    await first.audit.appendDurably({ action: "session.start", outcome: "success" });
    await first.audit.close();
    await appendFile(first.file, '{"@timestamp":"2026-01-01T00:00:00.000Z","event":{"sequence":22,"ki');
    const second = await openAudit(path.dirname(path.dirname(first.file)));
    await second.audit.appendDurably({ action: "session.end", outcome: "success" });
    const sequences = (await second.lines()).map(({ event }) => event!.sequence);
    expect(sequences).toEqual(Array.from({ length: 22 }, (_value, at) => at + 1));
  });

  it("strips control characters", async () => {
    const { audit, lines } = await openAudit();
    const reason = "a\u0000\u001b[2J\nb\u202e\u2028c";
    await audit.appendDurably({ action: "login.failure", outcome: "failure", reason });
    expect((await lines())[0]!.event).toMatchObject({ reason: "a[2Jbc" });
  });

  it("rejects a durable line when the disk is full", async () => {
    const dataDir = await owner.makeFolder();
    await mkdir(path.join(dataDir, "audit"));
    await symlink("/dev/full", path.join(dataDir, "audit/audit.jsonl"));
    const { audit } = await openAudit(dataDir);
    await expect(audit.appendDurably({ action: "session.start", outcome: "success" })).rejects.toThrow(
      "ENOSPC",
    );
  });

  it("keeps other lines until there is room, without a gap and without the line that was refused", async () => {
    const { audit, clock, file, lines } = await openAudit();
    const handle = await open(file);
    const prototype = Object.getPrototypeOf(handle) as { write: () => Promise<unknown> };
    await handle.close();
    const write = vi.spyOn(prototype, "write").mockRejectedValue(new Error("ENOSPC"));
    audit.append({ action: "session.end", outcome: "success" });
    const refused = audit.appendDurably({ action: "session.start", outcome: "success" });
    await expect(refused).rejects.toThrow("ENOSPC");
    await waitFor("the retry", () => clock.pending === 1);
    write.mockRestore();
    clock.advance(1_000);
    await waitFor("the line", async () => (await lines()).length === 1);
    await audit.appendDurably({ action: "session.start", outcome: "success" });
    expect((await lines()).map(({ event }) => [event!.sequence, event!.action])).toEqual([
      [1, "session.end"],
      [2, "session.start"],
    ]);
  });
});
