import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import {
  findHostDataDir,
  hostDataDirOfUp,
  locateHostFolders,
  openDataDir,
} from "../../../../bin/programs/data-dirs.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.close();
});

test.each([0o777, 0o770, 0o702])(
  "a data folder of mode %o is closed to others, and that is said",
  async (mode) => {
    const folder = await cleanup.makeFolder();
    await chmod(folder, mode);
    const said: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
    expect(await openDataDir(folder)).toBe(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(said.join("")).toContain(folder);
  },
);

test.each([0o700, 0o710, 0o755])("one of mode %o stays as it is: nobody else writes there", async (mode) => {
  const folder = await cleanup.makeFolder();
  await chmod(folder, mode);
  await openDataDir(folder);
  expect((await stat(folder)).mode & 0o777).toBe(mode);
});

test("the host of `up` is found by the folder of `up` and by its own", async () => {
  const data = await cleanup.makeFolder();
  expect(findHostDataDir(data)).toBe(data);
  const host = hostDataDirOfUp(data);
  await mkdir(host);
  expect([findHostDataDir(data), findHostDataDir(host)]).toEqual([host, host]);
  expect(locateHostFolders(host)).toEqual({
    ...{ dataDir: host, stateDir: join(host, "machines"), imagesDir: join(host, "images") },
  });
  expect(locateHostFolders(host, { state: "/a", images: "/b" })).toMatchObject({
    stateDir: "/a",
    imagesDir: "/b",
  });
});
