import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readMachineFiles, removeHalfMade } from "../../../../launcher/host/read-machine-files.ts";
import { standInSpec } from "../../../../launcher/model/damaged-machine.ts";
import { machinePaths, type MachinePaths } from "../../../../launcher/model/machine-paths.ts";
import { replaceJsonFile } from "../../../../launcher/system/json-file.ts";

let folder: string;
let paths: MachinePaths;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
  paths = machinePaths(folder, folder, "m1");
  mkdirSync(paths.dir);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const read = (runs = false) => readMachineFiles("m1", paths, runs);
const writeSpec = (id = "m1") => replaceJsonFile(paths.spec, standInSpec(id, "x"));
const writeState = () => replaceJsonFile(paths.state, { state: "stopped", since: 1 });
const writeDisk = () => writeFileSync(paths.overlay, "data");

test("both records whole", async () => {
  writeSpec();
  writeState();
  expect(await read()).toMatchObject({ kind: "whole", spec: { id: "m1" }, record: { state: "stopped" } });
});

test.each<[string, () => void, RegExp]>([
  ["missing", () => undefined, /state.json is missing/],
  ["empty", () => writeFileSync(paths.state, ""), /state.json: it is empty/],
  ["of a newer version", () => writeFileSync(paths.state, '{"version":9}'), /newer version/],
])("a state that is %s keeps the machine", async (_what, damage, why) => {
  writeSpec();
  damage();
  expect(await read()).toMatchObject({ kind: "stateDamaged", why: expect.stringMatching(why) as string });
});

test.each<[string, () => void, RegExp]>([
  ["empty", () => writeFileSync(paths.spec, ""), /empty/],
  ["a folder", () => mkdirSync(paths.spec), /no file/],
  ["another machine's", () => writeSpec("m2"), /of another machine/],
  ["missing beside a disk", writeDisk, /spec.json is missing/],
])("a specification that is %s is a damaged machine", async (_what, damage, why) => {
  writeState();
  damage();
  expect(await read()).toEqual({ kind: "damaged", why: expect.stringMatching(why) as string });
});

test("a running QEMU is a machine, whatever is left of its folder", async () => {
  rmSync(paths.dir, { recursive: true });
  expect(await read(true)).toMatchObject({ kind: "damaged" });
});

test("a folder in whose place there is something else is no half-made machine", async () => {
  rmSync(paths.dir, { recursive: true });
  writeFileSync(paths.dir, "");
  expect(await read()).toMatchObject({ kind: "damaged" });
});

test("the first moments of a machine are removed, by name", async () => {
  expect(await read()).toEqual({ kind: "halfMade" });
  writeFileSync(paths.state, "{");
  expect(await read()).toEqual({ kind: "halfMade" });
  await removeHalfMade(paths.dir);
  expect(readdirSync(folder)).toEqual([]);
});

test("a file that came meanwhile keeps the folder", async () => {
  writeState();
  writeDisk();
  await expect(removeHalfMade(paths.dir)).rejects.toThrow(/ENOTEMPTY/);
  expect(readdirSync(paths.dir)).toEqual(["overlay.qcow2"]);
});

test("other people's folders are left alone", async () => {
  writeFileSync(join(paths.dir, "holiday.jpg"), "");
  expect(await read()).toEqual({ kind: "foreign" });
  expect(await readMachineFiles("Photo Albums", paths, false)).toEqual({ kind: "foreign" });
});
