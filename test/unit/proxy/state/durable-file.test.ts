import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFileOnce, readIfPresent } from "../../../../proxy/state/durable-file.ts";
import { loadServerId } from "../../../../proxy/state/server-id.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pt-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("parallel makers get one content, private, and leave no draft", async () => {
  const file = join(folder, "key");
  const made = await Promise.all(["a", "b", "c"].map((text) => makeFileOnce(file, text)));
  expect(new Set(made).size).toBe(1);
  expect(await readFile(file, "utf8")).toBe(made[0]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["key"]);
});

test("a file that cannot be read is not a missing one", async () => {
  const file = join(folder, "key");
  expect(await readIfPresent(file)).toBeNull();
  await mkdir(file);
  await expect(readIfPresent(file)).rejects.toThrow(/EISDIR/);
});

test("a server's id stays, and one that cannot be read is not replaced", async () => {
  const id = await loadServerId(folder);
  expect(await loadServerId(folder)).toBe(id);
  await writeFile(join(folder, "server-id"), "");
  await expect(loadServerId(folder)).rejects.toMatchObject({ code: "SERVER_ID" });
  await rm(join(folder, "server-id"));
  await mkdir(join(folder, "server-id"));
  await expect(loadServerId(folder)).rejects.toThrow(/EISDIR/);
});
