import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readConfigPl } from "../../../../bin/darts/config-pl.ts";
import { convertDarts } from "../../../../bin/darts/convert-darts.ts";
import { openDartsHost } from "../../../../bin/darts/darts-host.ts";
import { readMachinesConf } from "../../../../bin/darts/machines-conf.ts";
import { imageCatalogue } from "../../../../protocol/index.ts";

/** A disk with one partition of this type in its table. */
function makeDiskHead(type: number): Buffer {
  const disk = Buffer.alloc(2 * 1_048_576);
  disk.writeUInt8(type, 446 + 4);
  disk.writeUInt32LE(2048, 446 + 8);
  disk.writeUInt32LE(2048, 446 + 12);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

it("an image has hardware that the system on its disk knows, and else what DARTS gives it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "postern-darts-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const types = { linux: 0x83, bsd: 0xa5, unknown: 0x00 };
  for (const [name, type] of Object.entries(types))
    await writeFile(join(folder, `${name}.raw`), makeDiskHead(type));
  const config = (more = "") => readConfigPl(`$config{dir_machines} = '${folder}'; ${more}`);
  const machines = readMachinesConf("[linux.raw]\n[bsd.raw]\n[unknown.raw]\n[missing.raw]\n[missing.iso]");
  const { catalogue } = await convertDarts(machines, openDartsHost(), config());
  const asInDarts = { profile: "linux", disk: "ide", card: "e1000" };
  expect(imageCatalogue.parse(catalogue).images.map(({ hardware }) => hardware)).toEqual([
    undefined,
    { profile: "bsd" },
    asInDarts,
    asInDarts,
    undefined,
  ]);
  const arm = await convertDarts(
    machines,
    openDartsHost(),
    config("$config{qemu_exec} = 'qemu-system-aarch64';"),
  );
  expect(arm.catalogue.images.map(({ hardware }) => hardware)).toEqual(Array(5).fill(undefined));
});
