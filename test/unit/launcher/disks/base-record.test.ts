import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkBase } from "../../../../launcher/disks/base-record.ts";
import { machinePaths, type MachinePaths } from "../../../../launcher/model/machine-paths.ts";

const BYTES = 4 * 1_048_576;
let folder: string;
let paths: MachinePaths;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pt-"));
  paths = machinePaths(folder, folder, "m1");
  mkdirSync(paths.dir);
  file = join(folder, "base.raw");
  writeFileSync(file, Buffer.alloc(BYTES, "one "));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const check = () => checkBase({ boot: { kind: "disk", format: "raw", file }, master: false }, paths);
const makeDisk = () => writeFileSync(paths.overlay, "");
const replaced = { code: "IMAGE_REPLACED" };

let time = 0;

/** Changes one byte, and the time. */
function changeAt(offset: number): void {
  const content = readFileSync(file);
  content.writeUInt8(content.readUInt8(offset) ^ 1, offset);
  writeFileSync(file, content);
  time += 1;
  utimesSync(file, time, time);
}

test("as long as a machine has no disk, its image may become another one", async () => {
  await check();
  changeAt(0);
  await check();
  makeDisk();
  await check();
  changeAt(0);
  await expect(check()).rejects.toMatchObject(replaced);
});

test("a machine of an earlier release takes the image of now for its own", async () => {
  makeDisk();
  await check();
  changeAt(0);
  await expect(check()).rejects.toMatchObject(replaced);
});

test.each([
  ["at its beginning", 0],
  ["in its file system's superblock", 1_048_576 + 1024],
  ["at its end", BYTES - 1],
])("a file that was changed %s is another one", async (_where, offset) => {
  await check();
  makeDisk();
  changeAt(offset);
  await expect(check()).rejects.toMatchObject(replaced);
});

test("one of another size is another one; a copy, and a touched one, are the same", async () => {
  await check();
  makeDisk();
  const former = `${file}.former`;
  renameSync(file, former);
  copyFileSync(former, file);
  await check();
  utimesSync(file, 1, 1);
  await check();
  writeFileSync(file, Buffer.alloc(BYTES + 1, "one "));
  await expect(check()).rejects.toMatchObject(replaced);
});

test("a machine that works on the image itself may change it", async () => {
  const master = () => checkBase({ boot: { kind: "disk", format: "raw", file }, master: true }, paths);
  await master();
  makeDisk();
  changeAt(0);
  await master();
});

test("a further disk that was replaced does not fit either, nor under a record of an earlier release", async () => {
  const [first, further] = [file, join(folder, "further.raw")];
  writeFileSync(further, Buffer.alloc(BYTES, "two "));
  const checkAll = () =>
    checkBase(
      {
        boot: { kind: "disk", format: "raw", file: first },
        ...{ master: false, extraDisks: [{ format: "raw", file: further }] },
      },
      paths,
    );
  await checkAll();
  makeDisk();
  const { extraDisks: _further, ...earlier } = JSON.parse(readFileSync(paths.base, "utf8")) as {
    extraDisks: unknown;
  };
  file = further;
  changeAt(0);
  await expect(checkAll()).rejects.toMatchObject(replaced);
  // What the file was is not known to that release: it is the one of now.
  writeFileSync(paths.base, JSON.stringify(earlier));
  await checkAll();
  changeAt(0);
  await expect(checkAll()).rejects.toMatchObject(replaced);
});
