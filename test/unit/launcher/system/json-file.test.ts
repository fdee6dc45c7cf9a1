import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { isThere, readRecord, replaceJsonFile } from "../../../../launcher/system/json-file.ts";

const schema = z.object({ name: z.string(), size: z.number().default(1) });
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
  file = join(folder, "record.json");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const read = () => readRecord(file, schema);

test("a record is replaced whole and private, and leaves no draft", () => {
  replaceJsonFile(file, { name: "one" });
  replaceJsonFile(file, { name: "two" });
  expect(read()).toEqual({ kind: "whole", value: { name: "two", size: 1 } });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["record.json"]);
});

test("a record of an earlier release has no version", () => {
  writeFileSync(file, '{"name": "old"}');
  expect(read()).toMatchObject({ kind: "whole", value: { name: "old" } });
});

describe("what cannot be read is never missing", () => {
  test.each<[string, () => void, RegExp]>([
    ["empty", () => writeFileSync(file, ""), /^it is empty$/],
    ["cut", () => writeFileSync(file, '{"name": "secret'), /^it is no whole JSON$/],
    ["of another shape", () => writeFileSync(file, '{"name": 7}'), /field name does not fit/],
    ["no object", () => writeFileSync(file, "[]"), /no such record/],
    ["of a newer version", () => writeFileSync(file, '{"version": 2, "name": "x"}'), /newer version/],
    ["a folder", () => mkdirSync(file), /no file/],
    ["a pipe, which nobody writes into", () => execFileSync("mkfifo", [file]), /no file/],
    ["endless", () => (writeFileSync(file, ""), truncateSync(file, 2 ** 33)), /too large/],
    ["a link to nothing", () => symlinkSync("/nowhere/at/all", file), /ENOENT/],
    ["a link to itself", () => symlinkSync(file, file), /ELOOP/],
  ])("%s", (_what, damage, why) => {
    expect(read()).toEqual({ kind: "missing" });
    damage();
    expect(isThere(file)).toBe(true);
    expect(read()).toEqual({ kind: "damaged", why: expect.stringMatching(why) as string });
  });

  test("behind something that is no folder", () => {
    writeFileSync(file, "x");
    expect(readRecord(join(file, "inner.json"), schema)).toEqual({
      kind: "damaged",
      why: expect.stringMatching(/ENOTDIR/) as string,
    });
  });
});

test("a record that cannot be replaced stays as it was", () => {
  replaceJsonFile(file, { name: "one" });
  mkdirSync(`${file}.new`);
  expect(() => {
    replaceJsonFile(file, { name: "two" });
  }).toThrow(/EISDIR/);
  expect(readFileSync(file, "utf8")).toContain("one");
});
