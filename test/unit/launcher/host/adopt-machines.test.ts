import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { examineLeftMachine } from "../../../../launcher/host/adopt-machines.ts";
import { lockStateFolder } from "../../../../launcher/host/state-folder-lock.ts";
import { machinePaths } from "../../../../launcher/model/machine-paths.ts";
import type { MachineStateFile } from "../../../../launcher/model/machine-state-file.ts";
import { replaceJsonFile } from "../../../../launcher/system/json-file.ts";
import { identifyProcess } from "../../../../launcher/system/proc-stat.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("what became of a machine", () => {
  const me = identifyProcess(process.pid)!;
  const dead = { ...me, startTicks: me.startTicks + 1 };
  const record: MachineStateFile = { state: "running", since: 1, companions: [], logFrom: 0, process: dead };

  function find(change: Partial<MachineStateFile>, withSocket = false) {
    const paths = machinePaths(folder, folder, "m1");
    if (withSocket) writeFileSync(paths.qmpSocket, "");
    return examineLeftMachine({ ...record, ...change }, paths);
  }

  test("alive", () => {
    expect(find({ process: me })).toEqual({ kind: "alive", process: me });
  });

  test.each<[string, Partial<MachineStateFile>, boolean, string, RegExp | undefined]>([
    ["stopped before", { state: "stopped", process: undefined }, false, "stopped", undefined],
    ["failed before", { state: "failed", reason: "x" }, false, "failed", /^x$/],
    ["killed", {}, true, "failed", /unexpectedly/],
    ["ended properly", {}, false, "stopped", /away/],
    ["ended while stopping", { state: "stopping" }, true, "stopped", undefined],
    ["killed while saving", { state: "saving" }, true, "failed", /being saved/],
    ["ended after saving", { state: "saving", saved: ".saved" }, true, "stopped", undefined],
    ["host restarted", { process: { ...me, bootId: "other" } }, true, "stopped", /host was restarted/],
    ["half prepared", { state: "preparing", process: undefined }, false, "failed", /being prepared/],
  ])("%s", (_what, change, withSocket, state, reason) => {
    const finding = find(change, withSocket);
    expect(finding).toMatchObject({ kind: "ended", state });
    if (finding.kind !== "ended") throw new Error("it is alive");
    if (reason === undefined) expect(finding.reason).toBeUndefined();
    else expect(finding.reason).toMatch(reason);
  });
});

test("sockets' names are short whatever the id, and differ", () => {
  const [long, other] = ["a".repeat(64), "b".repeat(64)].map((id) => machinePaths("/s", "/r", id));
  expect(long!.vncSocket).toHaveLength("/r/".length + 12 + ".vnc".length);
  expect(long!.vncSocket).not.toBe(other!.vncSocket);
});

describe("the folder's lock", () => {
  test("is held once, given back, and leaves nothing", () => {
    const unlock = lockStateFolder(folder);
    expect(() => lockStateFolder(folder)).toThrow(expect.objectContaining({ code: "STATE_IN_USE" }) as Error);
    unlock();
    lockStateFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("of a dead launcher is taken over", () => {
    const me = identifyProcess(process.pid)!;
    replaceJsonFile(join(folder, ".lock"), { ...me, startTicks: me.startTicks + 1 });
    lockStateFolder(folder)();
    writeFileSync(join(folder, ".lock"), "garbage");
    lockStateFolder(folder)();
    symlinkSync(JSON.stringify({ ...me, startTicks: me.startTicks + 1 }), join(folder, ".lock"));
    lockStateFolder(folder)();
  });

  test("counts as held when nobody can tell", () => {
    mkdirSync(join(folder, ".lock"));
    expect(() => lockStateFolder(folder)).toThrow(expect.objectContaining({ code: "STATE_IN_USE" }) as Error);
  });

  test("is a symbolic link where no file can be written", () => {
    symlinkSync(JSON.stringify(identifyProcess(process.pid)), join(folder, ".lock"));
    expect(() => lockStateFolder(folder)).toThrow(expect.objectContaining({ code: "STATE_IN_USE" }) as Error);
  });
});
