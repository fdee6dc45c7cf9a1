import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { locateRuntimeDir, openRuntimeDir } from "../../../../bin/programs/data-dirs.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
  vi.stubEnv("POSTERN_RUNTIME_DIR", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const modeOf = (path: string) => statSync(path).mode & 0o7777;

test("a runtime folder is private, and a second program takes no granted way through it back", async () => {
  const path = await openRuntimeDir("/data/one");
  const { base } = locateRuntimeDir("/data/one");
  expect([base, path].map(modeOf)).toEqual([0o700, 0o700]);
  // What a host grants to its machines' account.
  chmodSync(base, 0o710);
  chmodSync(path, 0o1770);
  await openRuntimeDir("/data/two");
  await openRuntimeDir("/data/one");
  expect([base, path].map(modeOf)).toEqual([0o710, 0o1770]);
});

test("what nobody grants is closed: others neither list it nor write to it", async () => {
  const { base, path } = locateRuntimeDir("/data/one");
  mkdirSync(base);
  mkdirSync(path);
  for (const open of [base, path]) chmodSync(open, 0o777);
  await openRuntimeDir("/data/one");
  expect([base, path].map(modeOf)).toEqual([0o711, 0o770]);
});
