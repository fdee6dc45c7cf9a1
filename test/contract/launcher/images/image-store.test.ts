import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  compressImage,
  listBootFiles,
  importImage,
  ImageStore,
  listDependents,
  listUsedFiles,
  listUsedFilesOfHosts,
  measureImage,
  resizeImage,
  summarizeImage,
  type ImportedImage,
} from "../../../../launcher/index.ts";
import { systemClock, imageEntry, type DiskFormat } from "../../../../protocol/index.ts";
import { noteStateFolder } from "../../../../launcher/images/used-files.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { runProcess } from "../../../support/test-process.ts";
import { tarOf } from "../../../support/tar.ts";
import { waitFor } from "../../../support/wait-for.ts";

const FORMATS: readonly DiskFormat[] = ["vdi", "vmdk", "vpc", "vhdx", "qed", "qcow2", "raw"];
const MARK = Buffer.alloc(4096, "the same on every disk ");
const work = { signal: new AbortController().signal, onProgress: () => undefined };

const NOT_USED = () => Promise.resolve(new Set<string>());

describe("the images folder", () => {
  let cleanup: CleanupStack;
  let folder: string;
  let store: ImageStore;
  let made: ImportedImage | undefined;

  beforeEach(async () => {
    cleanup = new CleanupStack();
    folder = await cleanup.makeFolder();
    store = await ImageStore.open({ folder: join(folder, "images"), catalogueFile: null });
    cleanup.add({ stop: async () => Promise.resolve(store.close()) });
  });
  afterEach(() => cleanup.close());

  const describeImage = (id: string) => (file: string) =>
    imageEntry.parse({
      ...{ id, title: id, description: "", boot: { kind: "disk", format: "qcow2", file } },
      ...{ memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } },
    });

  async function makeDisk(format: DiskFormat): Promise<string> {
    const raw = join(folder, "source.raw");
    await writeFile(raw, Buffer.concat([Buffer.alloc(65_536), MARK, Buffer.alloc(1_048_576 - 69_632)]));
    const file = join(folder, `source.${format}`);
    if (format === "raw") return raw;
    const { code, stderr } = await runProcess("qemu-img", ["convert", "-f", "raw", "-O", format, raw, file]);
    if (code !== 0) throw new Error(stderr);
    return file;
  }

  function importDisk(id: string, file: string, declared: DiskFormat | "ova" | null, compress = false) {
    const describe = (imported: ImportedImage) => {
      made = imported;
      return describeImage(id)(imported.file);
    };
    return importImage(store, { id, file, declared, compress, describe }, work);
  }

  async function readDisk(file: string): Promise<Buffer> {
    const raw = join(folder, "read.raw");
    await runProcess("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", file, raw]);
    return readFile(raw);
  }

  test.each(FORMATS)("%s becomes a qcow2 image with the same content", async (format) => {
    const source = await makeDisk(format);
    const { boot } = await importDisk("made", source, format === "raw" ? "raw" : null);
    const file = join(store.folder, "made.qcow2");
    expect(boot).toEqual({ kind: "disk", format: "qcow2", file });
    expect(made).toMatchObject({ diskGb: 1, extraDisks: [] });
    expect((await readDisk(file)).subarray(65_536, 69_632).equals(MARK)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o400);
    expect((await readdir(store.folder)).sort()).toEqual(["made.json", "made.qcow2"]);
  });

  test.each(FORMATS)(
    "a %s says how large its disk is, and that is what a machine of it has",
    async (format) => {
      const file = join(folder, `large.${format}`);
      await runProcess("qemu-img", ["create", "-q", "-f", format, file, "200G"]);
      const boot = { kind: "disk" as const, format, file };
      const summary = await summarizeImage({ ...describeImage("large")(file), boot }, true);
      expect(summary).toMatchObject({ available: true, diskGb: { default: 200, min: 200 } });
      const larger = { ...describeImage("large")(file), boot, diskGb: { default: 300, min: 5 } };
      expect((await summarizeImage(larger, true)).diskGb).toEqual({ default: 300, min: 200 });
    },
  );

  test("an OVA's disk, found by its descriptor", async () => {
    const disk = await readFile(await makeDisk("vmdk"));
    const ovf =
      '<Envelope><References><File id="f" href="d-1.vmdk"/></References><Disk fileRef="f"/></Envelope>';
    const ova = join(folder, "a.ova");
    await writeFile(
      ova,
      tarOf([
        { name: "a.ovf", data: ovf },
        { name: "a.mf", data: "" },
        { name: "d-1.vmdk", data: disk },
      ]),
    );
    await importDisk("made", ova, "ova");
    expect((await readDisk(store.fileFor("made", "qcow2"))).subarray(65_536, 69_632).equals(MARK)).toBe(true);
  });

  test("a raw disk is imported only if it is said to be one, and no name is used twice", async () => {
    const file = await makeDisk("raw");
    await expect(importDisk("made", file, null)).rejects.toMatchObject({ code: "IMAGE_FORMAT" });
    await expect(importDisk("made", file, "vdi")).rejects.toMatchObject({ code: "IMAGE_FORMAT" });
    await importDisk("made", file, "raw");
    await expect(importDisk("made", file, "raw")).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    await expect(importDisk("memtest86+", file, "raw")).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    expect((await readdir(store.folder)).sort()).toEqual(["made.json", "made.qcow2"]);
  });

  test("an import that fails leaves nothing", async () => {
    const file = await makeDisk("vdi");
    const whole = await readFile(file);
    whole.writeUInt32LE(3, 0x178);
    await writeFile(file, whole);
    await expect(importDisk("made", file, null)).rejects.toMatchObject({ code: "QEMU_IMG_FAILED" });
    expect(await readdir(store.folder)).toEqual([]);
  });

  test("compress and resize keep the content; a disk never shrinks", async () => {
    await importDisk("made", await makeDisk("raw"), "raw");
    await compressImage(store, "made", NOT_USED, work);
    expect(existsSync(store.fileFor("made", "qcow2"))).toBe(false);
    const current = () => listBootFiles(store.find("made").boot)[0]!;
    expect((await readDisk(current())).subarray(65_536, 69_632).equals(MARK)).toBe(true);
    await resizeImage(store, "made", { bytes: 8 * 1_048_576, used: NOT_USED }, work);
    expect((await measureImage(current(), "qcow2", work.signal)).virtualBytes).toBe(8 * 1_048_576);
    expect((await readDisk(current())).subarray(65_536, 69_632).equals(MARK)).toBe(true);
    await expect(
      resizeImage(store, "made", { bytes: 1_048_576, used: NOT_USED }, work),
    ).rejects.toMatchObject({ code: "IMAGE_SHRINK" });
    await expect(compressImage(store, "memtest86+", NOT_USED, work)).rejects.toMatchObject({
      code: "IMAGE_NOT_QCOW2",
    });
  });

  test("machines that are based on a file keep it when the image gets another", async () => {
    await importDisk("made", await makeDisk("raw"), "raw");
    const old = store.fileFor("made", "qcow2");
    const before = await readFile(old);
    // The machine is made while the image is compressed.
    let asked = 0;
    const used = async () => {
      asked += 1;
      expect(listBootFiles(store.find("made").boot)).not.toEqual([old]);
      return Promise.resolve(new Set([old]));
    };
    await compressImage(store, "made", used, work);
    expect(asked).toBe(1);
    expect((await readFile(old)).equals(before)).toBe(true);
    const [fresh] = listBootFiles(store.find("made").boot);
    expect(fresh).not.toBe(old);
    expect((await readDisk(fresh!)).subarray(65_536, 69_632).equals(MARK)).toBe(true);
    await store.remove("made");
    expect(await readdir(store.folder)).toEqual([]);
  });

  test("what another program adds or removes is told, and listed", async () => {
    let told = 0;
    store.watch(systemClock, () => (told += 1));
    const other = await ImageStore.open({ folder: store.folder, catalogueFile: null });
    const disk = join(folder, "disk");
    await writeFile(disk, "x");
    await other.registerImage("late", disk, describeImage("late"));
    await waitFor("the news", () => told === 1);
    expect(store.find("late").boot).toMatchObject({ file: join(store.folder, "late.qcow2") });
    await other.remove("late");
    await waitFor("the news of the removal", () => told === 2);
    expect(() => store.find("late")).toThrow(/no image "late"/);
    expect(await readdir(store.folder)).toEqual([]);
  });

  test("a broken entry is told and hides no other; the catalogue's come first and stay", async () => {
    await store.put(describeImage("good")("/x/good.qcow2"));
    await writeFile(join(store.folder, "broken.json"), "{");
    await writeFile(join(store.folder, "other.json"), JSON.stringify(describeImage("good")("/x")));
    expect(store.isOwn("good")).toBe(true);
    expect(store.problems()).toHaveLength(2);
    await expect(store.put(describeImage("memtest86+")("/x"))).rejects.toMatchObject({
      code: "IMAGE_EXISTS",
    });
    await expect(store.remove("memtest86+")).rejects.toMatchObject({ code: "IMAGE_FIXED" });
  });

  test("public images are offered as not downloaded, but not beside a catalogue", async () => {
    expect(store.entries().map(({ id }) => id)).toContain("debian-cloud");
    const catalogueFile = join(folder, "catalogue.json");
    await writeFile(catalogueFile, JSON.stringify({ images: [describeImage("own")("/x")] }));
    const chosen = await ImageStore.open({ folder: store.folder, catalogueFile });
    expect(chosen.entries().map(({ id }) => id)).toEqual(["own"]);
  });

  test("which files machines are built on", async () => {
    const state = join(folder, "state");
    await mkdir(join(state, "m1"), { recursive: true });
    await writeFile(
      join(state, "m1", "spec.json"),
      JSON.stringify({ name: "lab", boot: { file: "/x/a.qcow2" } }),
    );
    await mkdir(join(state, "half-made"));
    expect(await listUsedFiles(state)).toEqual({
      machines: new Map([["/x/a.qcow2", ["lab"]]]),
      unreadable: [],
    });
    expect(await listUsedFiles(join(state, "not-there"))).toEqual({ machines: new Map(), unreadable: [] });
  });

  test("a machine whose record is damaged may be built on any of them", async () => {
    const state = join(folder, "state");
    await mkdir(join(state, "m1"), { recursive: true });
    await writeFile(join(state, "m1", "spec.json"), "");
    const used = await listUsedFiles(state);
    expect(listDependents("/x/a.qcow2", used)).toEqual(["m1 (its record cannot be read)"]);
    await expect(listUsedFiles(join(state, "m1", "spec.json"))).rejects.toThrow(/ENOTDIR/);
  });

  test("machines of a host with a state folder elsewhere count, and so does one that cannot be read", async () => {
    const [elsewhere, plain] = [join(folder, "elsewhere"), join(folder, "machines")];
    for (const [state, name] of [
      [elsewhere, "far"],
      [plain, "near"],
    ] as const) {
      await mkdir(join(state, "m1"), { recursive: true });
      await writeFile(
        join(state, "m1", "spec.json"),
        JSON.stringify({ name, boot: { file: "/x/a.qcow2" }, extraDisks: [{ file: "/x/b.qcow2" }] }),
      );
    }
    noteStateFolder(store.folder, elsewhere);
    noteStateFolder(store.folder, elsewhere);
    expect(store.problems()).toEqual([]);
    const find = async (file: string, state: string | null) =>
      listDependents(file, await listUsedFilesOfHosts(store.folder, state));
    expect(await find("/x/b.qcow2", null)).toEqual(["far"]);
    expect(await find("/x/a.qcow2", plain)).toEqual(["far", "near"]);
    expect(await find("/x/a.qcow2", elsewhere)).toEqual(["far"]);
    await rename(elsewhere, join(folder, "unmounted"));
    expect(await find("/x/other.qcow2", plain)).toEqual([`${elsewhere} (its record cannot be read)`]);
  });

  test("an image whose entry cannot be read keeps its name and its files", async () => {
    await importDisk("made", await makeDisk("raw"), "raw");
    await writeFile(join(store.folder, "made.json"), "{");
    const before = await readFile(store.fileFor("made", "qcow2"));
    const again = importDisk("made", join(folder, "source.raw"), "raw");
    await expect(again).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    await rm(join(store.folder, "made.json"));
    // Machines may be built on a file that no entry names.
    const { boot } = await importDisk("made", join(folder, "source.raw"), "raw");
    expect(listBootFiles(boot)).not.toEqual([store.fileFor("made", "qcow2")]);
    expect((await readFile(store.fileFor("made", "qcow2"))).equals(before)).toBe(true);
  });

  test("a registration that fails leaves neither a file nor an entry", async () => {
    const disk = join(folder, "disk");
    await writeFile(disk, "x");
    const fail = () => {
      throw new Error("no entry");
    };
    await expect(store.registerImage("made", disk, fail)).rejects.toThrow("no entry");
    await expect(
      store.registerImage("made", join(folder, "none"), describeImage("made")),
    ).rejects.toMatchObject({
      code: "IMAGE_UNKEPT",
    });
    expect(await readdir(store.folder)).toEqual([]);
  });

  test("an image is removed without the files of one whose name begins like its own", async () => {
    const disk = join(folder, "disk");
    for (const id of ["lab", "lab.0123456789ab"]) {
      await writeFile(disk, id);
      await store.registerImage(id, disk, describeImage(id));
    }
    await store.remove("lab");
    expect((await readdir(store.folder)).sort()).toEqual(["lab.0123456789ab.json", "lab.0123456789ab.qcow2"]);
  });
});
