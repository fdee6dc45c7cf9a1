import { appendFile, copyFile, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { AuditLog } from "../../../../proxy/audit/audit-log.ts";
import { hashLine } from "../../../../proxy/audit/audit-chain.ts";
import { verifyAudit, type AuditVerificationOptions } from "../../../../proxy/audit/verify-audit.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

interface Log {
  readonly dataDir: string;
  readonly file: string;
  read(): Promise<string[]>;
  write(lines: readonly string[]): Promise<void>;
}

function describeLog(dataDir: string): Log {
  const file = path.join(dataDir, "audit/audit.jsonl");
  return {
    dataDir,
    file,
    read: async () => (await readFile(file, "utf8")).trimEnd().split("\n"),
    write: (lines) => writeFile(file, lines.map((line) => `${line}\n`).join("")),
  };
}

/** A log of one server's life: as many lines as asked for, and a last checkpoint. */
async function writeLog(
  count: number,
  options: { dataDir?: string; maxFileBytes?: number } = {},
): Promise<Log> {
  const { dataDir = await cleanup.makeFolder(), ...others } = options;
  const log = pino({ level: "silent" });
  const audit = await AuditLog.open({ dataDir, serverId: "s-1", clock: new ManualClock(), log, ...others });
  for (let line = 1; line <= count; line++)
    await audit.appendDurably({ action: "session.start", outcome: "success", actorName: `user ${line}` });
  await audit.close();
  return describeLog(dataDir);
}

async function verify({ dataDir }: Log, options: Partial<AuditVerificationOptions> = {}) {
  return verifyAudit({ of: { dataDir }, publicKeys: null, ...options });
}

const changed = (line: number) => ({ line, code: "AUDIT_LINE_CHANGED" });

describe("verifyAudit", () => {
  it("finds nothing wrong with a log that nobody touched", async () => {
    const log = await writeLog(10);
    const last = { sequence: 11, hash: hashLine((await log.read()).at(-1)!) };
    const whole = { ok: true, bad: null, files: 1, lines: 11, checkpoints: 1, first: 1, last, unsigned: 0 };
    expect(await verify(log)).toEqual({ ...whole, notes: [] });
    expect(await verify(log, { expect: last })).toMatchObject({ ok: true });
    await writeLog(5, log);
    expect(await verify(log)).toMatchObject({ ok: true, lines: 17, checkpoints: 2 });
    expect(await verify(log, { expect: last })).toMatchObject({ ok: true });
  });

  it("names the line that was edited, whichever byte it was", async () => {
    const log = await writeLog(4);
    const whole = await log.read();
    for (const [index, line] of whole.entries()) {
      const checked = index === 1 ? line.length : 0;
      const places = new Set([0, 20, line.length - 3, line.length - 1, ...Array(checked).keys()]);
      for (const at of places) {
        const code = line.charCodeAt(at);
        const edited = line.slice(0, at) + String.fromCharCode(code ^ 1) + line.slice(at + 1);
        await log.write(whole.with(index, edited));
        const { ok, bad } = await verify(log);
        expect([ok, bad?.line, edited], `${line}\n${JSON.stringify(bad)}`).toEqual([
          false,
          index + 1,
          edited,
        ]);
      }
    }
  });

  it.each([
    ["a name", /user 3/, "user 9"],
    ["an outcome", /"success"/, '"failure"'],
    ["a time", /00:00:00/, "00:00:01"],
    ["the hash of the line before", /"previous":"./, '"previous":"g'],
    ["a space outside of the strings", /\{"event"|,"event"/, ', "event"'],
    ["the server", /"s-1"/, '"s-2"'],
  ])("names the line where %s was edited", async (_what, pattern, replacement) => {
    const log = await writeLog(5);
    const lines = await log.read();
    await log.write(lines.with(2, lines[2]!.replace(pattern, replacement)));
    expect((await verify(log)).bad).toMatchObject(changed(3));
    const before = lines.map((line, index) =>
      index === 2 ? line.replace(/"sequence":3/, '"sequence":8') : line,
    );
    await log.write(before);
    expect((await verify(log)).bad).toMatchObject({ line: 3, code: "AUDIT_LINES_MISSING" });
  });

  it.each(["the folder", "the file with the key"])(
    "notices another server's id in any line of %s",
    async (what) => {
      const log = await writeLog(3);
      const lines = await log.read();
      const publicKeys = await readFile(path.join(log.dataDir, "audit/audit.pub"), "utf8");
      for (const [index, line] of lines.entries()) {
        await log.write(lines.with(index, line.replace('"s-1"', '"s-2"')));
        const found = await (what === "the folder"
          ? verify(log)
          : verifyAudit({ of: { files: [log.file] }, publicKeys }));
        expect(found.bad, line).toMatchObject({ line: index + 1 });
      }
    },
  );

  it("names the edited line also where the one after it was made to fit", async () => {
    const log = await writeLog(5);
    const lines = await log.read();
    const forged = lines[1]!.replace("user 2", "nobody");
    const fitted = lines[2]!.replace(hashLine(lines[1]!), hashLine(forged));
    await log.write(lines.with(1, forged).with(2, fitted));
    expect((await verify(log)).bad).toMatchObject(changed(3));
  });

  it("names a line that is missing, wherever it stood", async () => {
    const log = await writeLog(5);
    const lines = await log.read();
    for (let index = 0; index < lines.length - 1; index++) {
      await log.write(lines.toSpliced(index, 1));
      const { bad } = await verify(log);
      expect(bad).toMatchObject({ line: index + 1, sequence: index + 2, code: "AUDIT_LINES_MISSING" });
    }
  });

  it("names lines that changed places or came twice", async () => {
    const log = await writeLog(5);
    const lines = await log.read();
    await log.write(lines.with(2, lines[3]!).with(3, lines[2]!));
    expect((await verify(log)).bad).toMatchObject({ line: 3, sequence: 4, code: "AUDIT_LINES_MISSING" });
    await log.write(lines.toSpliced(3, 0, lines[2]!));
    expect((await verify(log)).bad).toMatchObject({ line: 4, sequence: 3, code: "AUDIT_LINES_MOVED" });
  });

  it("notices every cut, in the middle of a line and between lines", async () => {
    const log = await writeLog(3);
    const bytes = await readFile(log.file);
    for (let size = bytes.length - 1; size > 0; size -= size % 40 === 0 ? 1 : 7) {
      await writeFile(log.file, bytes);
      await truncate(log.file, size);
      const whole = bytes.subarray(0, size).toString().split("\n").length - 1;
      expect((await verify(log)).bad, `${size}`).toMatchObject({ line: whole + 1 });
    }
    for (const kept of [1, 2, 3]) {
      await log.write(bytes.toString().split("\n").slice(0, kept));
      const cut = { line: kept + 1, sequence: kept + 1, code: "AUDIT_LOG_CUT" };
      expect((await verify(log)).bad).toMatchObject(cut);
    }
    await writeFile(log.file, "");
    expect((await verify(log)).bad).toMatchObject({ code: expect.stringMatching(/CUT|HEAD/) as string });
  });

  it("names a forged line at the end, though its hash and number fit", async () => {
    const log = await writeLog(3);
    const lines = await log.read();
    const forged = lines[0]!
      .replace('"sequence":1', '"sequence":5')
      .replace("0".repeat(64), hashLine(lines[3]!));
    await log.write([...lines, forged]);
    expect((await verify(log)).bad).toMatchObject({ line: 5, code: "AUDIT_LINES_APPENDED" });
    const { signature } = (JSON.parse(lines[3]!) as { postern: { checkpoint: { signature: string } } })
      .postern.checkpoint;
    await log.write(lines.with(3, lines[3]!.replace(signature, Buffer.alloc(64, 7).toString("base64"))));
    expect((await verify(log)).bad).toMatchObject({ line: 4, code: "AUDIT_SIGNATURE_WRONG" });
  });

  it("is not taken in by a log that was written anew with another key", async () => {
    const log = await writeLog(3);
    const other = await writeLog(3);
    const trusted = await readFile(path.join(log.dataDir, "audit/audit.pub"), "utf8");
    await copyFile(other.file, log.file);
    expect((await verify(log)).bad).toMatchObject({ line: 4, code: "AUDIT_KEY_UNKNOWN" });
    expect((await verify(other, { publicKeys: trusted })).bad).toMatchObject({ code: "AUDIT_KEY_UNKNOWN" });
    await expect(verify(log, { publicKeys: "no key" })).rejects.toThrow("audit.pub");
  });

  it("wants a checkpoint at least every thousand lines", async () => {
    const log = await writeLog(3);
    const key = await readFile(path.join(log.dataDir, "audit/audit.pub"), "utf8");
    let previous = "0".repeat(64);
    const [template] = await log.read();
    const lines = Array.from({ length: 1_001 }, (_value, index) => {
      const line = template!
        .replace('"sequence":1', `"sequence":${index + 1}`)
        .replace("0".repeat(64), previous);
      previous = hashLine(line);
      return line;
    });
    const options = { of: { files: [log.file] }, publicKeys: key };
    await log.write(lines.slice(0, 1_000));
    expect(await verify(log, options)).toMatchObject({ ok: true, unsigned: 1_000 });
    await log.write(lines);
    expect((await verify(log, options)).bad).toMatchObject({ line: 1_001, code: "AUDIT_CHECKPOINT_MISSING" });
  });

  it("says that the head is missing or was not signed", async () => {
    const log = await writeLog(3);
    const head = path.join(log.dataDir, "audit/audit.head");
    const text = await readFile(head, "utf8");
    await writeFile(head, text.replace('"sequence":4', '"sequence":3'));
    expect((await verify(log)).bad).toMatchObject({ code: "AUDIT_HEAD_MISSING" });
    await rm(head);
    expect((await verify(log)).bad).toMatchObject({ code: "AUDIT_HEAD_MISSING" });
  });

  it("checks files that were taken elsewhere, in any order, and says what it cannot check", async () => {
    const log = await writeLog(30, { maxFileBytes: 2_500 });
    const folder = path.dirname(log.file);
    const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
    expect(names.length).toBeGreaterThan(3);
    const files = names.map((name) => path.join(folder, name));
    const of = { files: [...files].reverse() };
    const publicKeys = await readFile(path.join(folder, "audit.pub"), "utf8");
    const seen: number[] = [];
    const whole = await verify(log, { of, publicKeys, onProgress: (done, total) => seen.push(done / total) });
    expect(whole).toMatchObject({ ok: true, files: files.length, lines: 31 });
    expect(seen.at(-1)).toBe(1);
    expect(whole.notes.join()).toMatch(/cut off/);
    expect((await verify(log, { of })).notes.join()).toMatch(/Signatures were not checked/);
    expect(await verify(log)).toMatchObject({ ok: true, lines: 31 });
    const cut = { of: { files: files.slice(0, -1) }, publicKeys };
    expect(await verify(log, cut)).toMatchObject({ ok: true });
    expect((await verify(log, { ...cut, expect: whole.last! })).bad).toMatchObject({ code: "AUDIT_LOG_CUT" });
    const later = { of: { files: files.slice(1) }, publicKeys };
    const { bad } = await verify(log, later);
    expect(bad).toMatchObject({ file: files[1], line: 1, code: "AUDIT_LINES_MISSING" });
    expect(await verify(log, { ...later, from: bad!.sequence! })).toMatchObject({ ok: true });
    await rm(files[1]!);
    expect((await verify(log)).bad).toMatchObject({ file: files[2], line: 1, code: "AUDIT_LINES_MISSING" });
  });
});

describe("a log that was touched between two lives of its server", () => {
  it("goes on, tells of it, and stays wrong", async () => {
    const log = await writeLog(5);
    const lines = await log.read();
    await log.write(lines.slice(0, 3));
    await writeLog(1, log);
    const { bad } = await verify(log);
    expect(bad).toMatchObject({ line: 4, sequence: 7, code: "AUDIT_LINES_MISSING" });
    expect((await log.read())[3]).toMatch(/"sequence":7,.*"audit.checkpoint"/);
    expect((await log.read())[4]).toMatch(/"audit.repair".*"AUDIT_LOG_CHANGED".*"count":3/);
  });

  it("keeps naming a last line that was edited", async () => {
    const log = await writeLog(5);
    const lines = await log.read();
    await log.write(lines.with(5, lines[5]!.replace("00:00:00", "00:00:07")));
    await writeLog(1, log);
    expect((await verify(log)).bad).toMatchObject({ line: 6 });
  });

  it("does not mind a line that a crash cut", async () => {
    const log = await writeLog(5);
    await appendFile(log.file, (await log.read())[2]!.slice(0, 30));
    expect(await verify(log)).toMatchObject({ ok: true });
    await writeLog(1, log);
    expect(await verify(log)).toMatchObject({ ok: true });
    expect((await log.read()).join("\n")).toContain("AUDIT_LINE_TORN");
  });

  it("tells of whole lines that nobody vouches for", async () => {
    const log = await writeLog(3);
    const lines = await log.read();
    const more = lines[0]!
      .replace('"sequence":1', '"sequence":5')
      .replace("0".repeat(64), hashLine(lines[3]!));
    await log.write([...lines, more]);
    await writeLog(1, log);
    expect((await log.read()).join("\n")).toMatch(/AUDIT_LINES_UNSIGNED.*"count":1/);
  });
});
