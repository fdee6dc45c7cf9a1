import { appendFile, mkdir, open, readFile, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { AuditLog } from "../../../../proxy/audit/audit-log.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { waitFor } from "../../../support/wait-for.ts";

const cleanup = new CleanupStack();
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.close();
});

interface Opened {
  readonly audit: AuditLog;
  readonly clock: ManualClock;
  readonly file: string;
  readonly lines: () => Promise<Record<string, Record<string, unknown>>[]>;
}

async function openAudit(given?: string): Promise<Opened> {
  const dataDir = given ?? (await cleanup.makeFolder());
  const clock = new ManualClock();
  const log = pino({ level: "silent" });
  const audit = await AuditLog.open({ dataDir, serverId: "server-1", clock, log });
  cleanup.add({ stop: () => audit.close() });
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
      actor: "user-1",
      actorName: "anna",
      reason: "VIEWER_LEFT",
      method: "token",
      transport: "rfb",
      role: "view",
      tokenId: "token-1",
      source: { address: "192.0.2.1", port: 7 },
      sessionId: "s",
      desktopId: "d",
      desktopName: "lab-1",
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
          reason: "VIEWER_LEFT",
          duration: 1_500_000,
        },
        service: { node: { name: "server-1" } },
        user: { id: "user-1", name: "anna" },
        source: { ip: "192.0.2.1", port: 7, bytes: 2 },
        destination: { bytes: 10 },
        agent: { id: "a" },
        postern: {
          session: { id: "s" },
          desktop: { id: "d", name: "lab-1" },
          machine: { id: "m" },
          token: { id: "token-1" },
          method: "token",
          transport: "rfb",
          role: "view",
          previous: "0".repeat(64),
        },
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
    const lines = await second.lines();
    expect(lines.map(({ event }) => event!.sequence)).toEqual(lines.map((_line, at) => at + 1));
    expect(lines.slice(21).map(({ event }) => [event!.action, event!.reason])).toEqual([
      ["audit.checkpoint", undefined],
      ["audit.repair", "AUDIT_LINE_TORN"],
      ["session.end", undefined],
    ]);
  });

  it("strips control characters, cuts what is too long, and takes only codes as reasons", async () => {
    const { audit, lines } = await openAudit();
    const actorName = "a\u0000\u001b[2J\nb\u202e\u2028c";
    await audit.appendDurably({ action: "login.failure", outcome: "failure", actorName, reason: "so\nso" });
    for (const length of [PROXY_LIMITS.auditTextChars, PROXY_LIMITS.auditTextChars + 1])
      await audit.appendDurably({ action: "logout", outcome: "success", actorName: "x".repeat(length) });
    const [first, ...others] = await lines();
    expect(first).toMatchObject({ user: { name: "a[2Jbc" }, event: { reason: "UNNAMED" } });
    expect(others.map(({ user }) => String(user!.name).length)).toEqual([512, 512]);
  });

  it("puts a checkpoint behind 1,000 lines, and a minute after the first that none covers", async () => {
    const { audit, clock, lines } = await openAudit();
    const actions = async () => (await lines()).map(({ event }) => event!.action);
    for (let count = 0; count < PROXY_LIMITS.auditCheckpointLines; count++)
      audit.append({ action: "logout", outcome: "success" });
    await audit.appendDurably({ action: "login.success", outcome: "success" });
    expect((await actions()).slice(999)).toEqual(["logout", "audit.checkpoint", "login.success"]);
    clock.advance(PROXY_LIMITS.auditCheckpointMs - 1);
    await audit.appendDurably({ action: "login.success", outcome: "success" });
    clock.advance(1);
    await waitFor("the checkpoint", async () => (await actions()).at(-1) === "audit.checkpoint");
    clock.advance(PROXY_LIMITS.auditCheckpointMs);
    expect(clock.pending).toBe(0);
    await audit.close();
    expect(await actions()).toHaveLength(1_004);
  });

  it("rejects a durable line when the disk is full", async () => {
    const dataDir = await cleanup.makeFolder();
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
