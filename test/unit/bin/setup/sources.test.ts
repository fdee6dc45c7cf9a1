import { mkdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { loadSetup } from "./load-setup.ts";

const { fingerprintFiles, listFiles } = await loadSetup<{
  fingerprintFiles(files: string[], root: string): Promise<string>;
  listFiles(places: string[], root: string): Promise<string[]>;
}>("sources.mjs");

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

async function makeTree(): Promise<string> {
  const root = await cleanup.makeFolder();
  await mkdir(path.join(root, "a/b"), { recursive: true });
  await writeFile(path.join(root, "a/b/two.ts"), "2");
  await writeFile(path.join(root, "a/one.ts"), "1");
  await writeFile(path.join(root, "alone.json"), "{}");
  return root;
}

test("files are listed below folders and by themselves, and what is absent is left out", async () => {
  const root = await makeTree();
  expect(await listFiles(["a", "alone.json", "absent"], root)).toEqual([
    "a/b/two.ts",
    "a/one.ts",
    "alone.json",
  ]);
});

test("a fingerprint follows names and contents, and no dates", async () => {
  const root = await makeTree();
  const files = await listFiles(["a"], root);
  const before = await fingerprintFiles(files, root);
  await utimes(path.join(root, "a/one.ts"), 1, 1);
  expect(await fingerprintFiles(files, root)).toBe(before);
  expect(await fingerprintFiles(files.slice(1), root)).not.toBe(before);
  await writeFile(path.join(root, "a/one.ts"), "3");
  expect(await fingerprintFiles(files, root)).not.toBe(before);
});
