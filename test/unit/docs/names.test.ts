import path from "node:path";
import { expect, it } from "vitest";
import { findExports, listSourceFiles } from "./source-codes.ts";

/** One name, one meaning: what two files may both export, and why. */
const SHARED_NAMES: Readonly<Record<string, string>> = {};

/** Files that have one name because they are about one thing in two places. */
const SHARED_FILES: Readonly<Record<string, string>> = {
  "index.ts": "the door of a folder",
  "agent.ts": "the package's types and the command",
  "host.ts": "the program and the command",
};

function groupByName(files: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const name = foldSpelling(path.basename(file));
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return groups;
}

/** `summariseImage` is `summarizeImage`: a spelling tells nothing apart. */
function foldSpelling(name: string): string {
  return name.replace(/is(e|ed|er|ing|ation)(?![a-z])/g, "iz$1").replace(/our(?![a-z])/g, "or");
}

/** The files of all names that are one but for their spelling. */
function mergeSpellings(names: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const merged = new Map<string, string[]>();
  for (const [name, files] of names) {
    const folded = foldSpelling(name);
    merged.set(folded, [...new Set([...(merged.get(folded) ?? []), ...files])]);
  }
  return merged;
}

it("no name is exported by two files, whatever its spelling", async () => {
  const found = mergeSpellings(await findExports());
  const twice = [...found].filter(([name, files]) => files.length > 1 && !(name in SHARED_NAMES));
  expect(Object.fromEntries(twice)).toEqual({});
  expect(found.size).toBeGreaterThan(1500);
});

it("no two files have one name", async () => {
  const byName = groupByName(await listSourceFiles());
  const twice = [...byName].filter(([name, files]) => files.length > 1 && !(name in SHARED_FILES));
  expect(Object.fromEntries(twice)).toEqual({});
});

it("every exception is one still", async () => {
  const found = await findExports();
  for (const name of Object.keys(SHARED_NAMES)) expect(found.get(name)?.length, name).toBeGreaterThan(1);
  const files = (await listSourceFiles()).map((file) => path.basename(file));
  for (const name of Object.keys(SHARED_FILES))
    expect(files.filter((file) => file === name).length, name).toBeGreaterThan(1);
});
