import { chmod, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError } from "../../../../protocol/index.ts";
import { loadMasterKey } from "../../../../proxy/state/master-key.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

let cleanup: CleanupStack;
let folder: string;
beforeEach(async () => {
  cleanup = new CleanupStack();
  folder = path.join(await cleanup.makeFolder(), "deep", "data");
});
afterEach(() => cleanup.close());

test("the key is made once, for its owner only, and read again", async () => {
  const key = await loadMasterKey(folder);
  expect(key).toHaveLength(32);
  expect(await loadMasterKey(folder)).toEqual(key);
  const file = path.join(folder, "master.key");
  expect(await readFile(file, "utf8")).toBe(`${key.toString("hex")}\n`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test("parallel starts agree, and leave no draft", async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => loadMasterKey(folder)));
  expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(1);
  expect(await readdir(folder)).toEqual(["master.key"]);
});

test.each(["", "00", "0".repeat(63), "0".repeat(65), "G".repeat(64), `${"0".repeat(64)}\n\n`])(
  "a malformed key file is refused and left alone: %j",
  async (text) => {
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, "master.key");
    await writeFile(file, text);
    await chmod(file, 0o600);
    const loaded = loadMasterKey(folder);
    await expect(loaded).rejects.toBeInstanceOf(ConfigError);
    await expect(loaded).rejects.toMatchObject({ code: "MASTER_KEY_MALFORMED" });
    expect(await readFile(file, "utf8")).toBe(text);
  },
);

test("a folder that cannot be is refused", async () => {
  const place = await cleanup.makeFolder();
  await writeFile(path.join(place, "file"), "");
  const loaded = loadMasterKey(path.join(place, "file", "data"));
  await expect(loaded).rejects.toMatchObject({ code: "MASTER_KEY_UNREADABLE" });
});
