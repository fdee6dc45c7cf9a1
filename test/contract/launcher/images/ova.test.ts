import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { importImage, ImageStore, type ImportedImage } from "../../../../launcher/index.ts";
import { unpackOva } from "../../../../launcher/images/ova/unpack-ova.ts";
import { imageEntry } from "../../../../protocol/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { paxEntries, tarOf, type TarEntry } from "../../../support/tar.ts";
import { runProcess } from "../../../support/test-process.ts";

const work = { signal: new AbortController().signal, onProgress: () => undefined };

let cleanup: CleanupStack;
let folder: string;
let store: ImageStore;
let vmdk: Buffer;
let imported: ImportedImage | undefined;

beforeEach(async () => {
  cleanup = new CleanupStack();
  folder = await cleanup.makeFolder();
  store = await ImageStore.open({ folder: join(folder, "images"), catalogueFile: null });
  cleanup.add({ stop: async () => Promise.resolve(store.close()) });
  vmdk = await makeVmdk("first");
  imported = undefined;
});
afterEach(() => cleanup.close());

async function makeVmdk(mark: string): Promise<Buffer> {
  const [raw, file] = [join(folder, "d.raw"), join(folder, "d.vmdk")];
  await writeFile(raw, Buffer.concat([Buffer.alloc(65_536), Buffer.alloc(983_040, mark)]));
  const options = ["-o", "subformat=streamOptimized"];
  const { code, stderr } = await runProcess("qemu-img", ["convert", "-O", "vmdk", ...options, raw, file]);
  if (code !== 0) throw new Error(stderr);
  return readFile(file);
}

/** What VirtualBox writes of a machine with these files as its disks. */
function ovfOf(hrefs: readonly string[], more = ""): string {
  const files = hrefs
    .map((href, index) => `<File ovf:href="${href}" ovf:id="file${index}"${more}/>`)
    .join("");
  const disks = hrefs
    .map(
      (_href, index) =>
        `<Disk ovf:capacity="1048576" ovf:diskId="vmdisk${index}" ovf:fileRef="file${index}"/>`,
    )
    .join("");
  const drives = hrefs
    .map(
      (_href, index) => `<Item><rasd:AddressOnParent>${index}</rasd:AddressOnParent>
<rasd:HostResource>/disk/vmdisk${index}</rasd:HostResource><rasd:InstanceID>${10 + index}</rasd:InstanceID>
<rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>`,
    )
    .join("");
  return `<?xml version="1.0"?>
<Envelope ovf:version="1.0" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
<References>${files}</References><DiskSection><Info>disks</Info>${disks}</DiskSection>
<VirtualSystem ovf:id="lab"><Info>A virtual machine</Info>
<OperatingSystemSection ovf:id="101"><Info/><Description>Debian_64</Description></OperatingSystemSection>
<VirtualHardwareSection><Info/>
<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
<Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>2048</rasd:VirtualQuantity></Item>
<Item><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>AHCI</rasd:ResourceSubType><rasd:ResourceType>20</rasd:ResourceType></Item>
<Item><rasd:InstanceID>4</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
${drives}</VirtualHardwareSection>
<vbox:Machine ovf:required="false" version="1.16"><Hardware><Firmware type="EFI"/></Hardware></vbox:Machine>
</VirtualSystem></Envelope>`;
}

async function importArchive(archive: Buffer): Promise<void> {
  const file = join(folder, "x.ova");
  await writeFile(file, archive);
  await importFile(file);
}

async function importFile(file: string): Promise<void> {
  await importImage(
    store,
    {
      ...{ id: "lab", file, declared: null, compress: false },
      describe(found) {
        imported = found;
        return imageEntry.parse({
          ...{ id: "lab", title: "Lab", description: "" },
          boot: { kind: "disk", format: "qcow2", file: found.file },
          ...{ memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } },
          ...(found.extraDisks.length > 0 && { extraDisks: found.extraDisks }),
        });
      },
    },
    work,
  );
}

async function markOf(file: string): Promise<string> {
  const raw = join(folder, "read.raw");
  await runProcess("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", file, raw]);
  return (await readFile(raw)).toString("latin1", 65_536, 65_541);
}

const sha = (hash: string, data: string | Buffer) => createHash(hash).update(data).digest("hex");

describe("an OVA, as it is written by", () => {
  const lab = (href = "lab-disk001.vmdk"): TarEntry[] => [
    { name: "lab.ovf", data: ovfOf([href]) },
    { name: "lab-disk001.vmdk", data: vmdk },
  ];
  const shapes: Record<string, () => TarEntry[]> = {
    "VirtualBox: manifest at the end": () => {
      const members = lab();
      const data = members.map(({ name, data: of }) => `SHA1 (${name}) = ${sha("sha1", of)}\n`).join("");
      return [...members, { name: "lab.mf", data }];
    },
    "ovftool: manifest behind the descriptor, SHA-256": () => {
      const members = lab();
      const data = members.map(({ name, data: of }) => `SHA256(${name})= ${sha("sha256", of)}\n`).join("");
      return [members[0]!, { name: "lab.mf", data }, members[1]!];
    },
    "tar with ./ in front": () => [
      { name: "./", data: "", type: "5" },
      ...lab().map((member) => ({ ...member, name: `./${member.name}` })),
    ],
    "openSUSE's tar: extended headers": () =>
      lab().flatMap((member) =>
        paxEntries({ ...member, name: `./${member.name}` }, `./PaxHeaders/${member.name}`),
      ),
    "Python's tarfile: accents in extended headers": () => [
      ...paxEntries({ name: "Été.ovf", data: ovfOf(["Disque d’été.vmdk"]) }, "././@PaxHeader"),
      ...paxEntries({ name: "Disque d’été.vmdk", data: vmdk }, "././@PaxHeader"),
    ],
    "macOS: accents as two characters": () => [
      { name: "lab.ovf", data: ovfOf(["é.vmdk"]) },
      ...paxEntries({ name: "é.vmdk".normalize("NFD"), data: vmdk }, "./PaxHeaders.1/x"),
    ],
    "somebody who likes commas and ampersands": () => [
      { name: "lab.ovf", data: ovfOf(["Lab, v1 &amp; co.vmdk"]) },
      { name: "Lab, v1 & co.vmdk", data: vmdk },
    ],
    "somebody who encodes blanks": () => [
      { name: "lab.ovf", data: ovfOf(["Mon%20image.vmdk"]) },
      { name: "Mon image.vmdk", data: vmdk },
    ],
    "somebody who has a folder in it": () => [
      { name: "lab/", data: "", type: "5" },
      { name: "lab/lab.ovf", data: ovfOf(["disks/1.vmdk"]) },
      { name: "lab/disks/1.vmdk", data: vmdk },
    ],
    "a program that packs its disk": () => [
      { name: "lab.ovf", data: ovfOf(["lab.vmdk.gz"], ' ovf:compression="gzip"') },
      { name: "lab.vmdk.gz", data: gzipSync(vmdk) },
    ],
  };

  test.each(Object.keys(shapes))("%s", async (shape) => {
    await importArchive(tarOf(shapes[shape]!()));
    expect(await markOf(store.fileFor("lab", "qcow2"))).toBe("first");
    expect(imported?.machine).toMatchObject({
      ...{ memoryMb: 2048, cpus: 2, disk: "sata", card: "e1000", profile: "linux" },
      firmware: { kind: "uefi", secureBoot: false },
    });
    expect((await readdir(store.folder)).sort()).toEqual(["lab.json", "lab.qcow2"]);
  });

  test("GNU tar itself, in its own format and in POSIX's", async () => {
    for (const [index, format] of ["gnu", "posix"].entries()) {
      const inside = join(folder, `in-${index}`);
      await mkdir(inside);
      const long = `${"very ".repeat(30)}long.vmdk`;
      await writeFile(join(inside, "lab.ovf"), ovfOf([long]));
      await writeFile(join(inside, long), vmdk);
      const file = join(folder, `${format}.ova`);
      const { code, stderr } = await runProcess("tar", [
        `--format=${format}`,
        "-cf",
        file,
        "-C",
        inside,
        ".",
      ]);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      await importFile(file);
      expect(await markOf(store.fileFor("lab", "qcow2"))).toBe("first");
      await store.remove("lab");
    }
  });
});

test("two disks become two files of one image, and go with it", async () => {
  const members = [
    { name: "lab.ovf", data: ovfOf(["1.vmdk", "2.vmdk"]) },
    { name: "2.vmdk", data: await makeVmdk("other") },
    { name: "1.vmdk", data: vmdk },
  ];
  await importArchive(tarOf(members));
  const { extraDisks = [], boot } = store.find("lab");
  expect(extraDisks).toHaveLength(1);
  expect(await markOf(extraDisks[0]!.file)).toBe("other");
  expect(boot.kind === "disk" && (await markOf(boot.file))).toBe("first");
  expect(imported?.diskGb).toBe(2);
  await store.remove("lab");
  expect(await readdir(store.folder)).toEqual([]);
});

describe("what is wrong is refused, and leaves nothing", () => {
  const wrong: Record<string, readonly [() => Buffer, RegExp]> = {
    "a disk that is not the manifest's": [
      () => {
        const data = `SHA1(1.vmdk)= ${sha("sha1", "another one")}\n`;
        return tarOf([...good(), { name: "lab.mf", data }]);
      },
      /not the one that its manifest describes/,
    ],
    "the same by SHA-256": [
      () => tarOf([...good(), { name: "lab.mf", data: `SHA256(lab.ovf)= ${sha("sha256", "")}\n` }]),
      /not the one that its manifest describes/,
    ],
    "a manifest of more than there is": [
      () => tarOf([...good(), { name: "lab.mf", data: `SHA1(2.vmdk)= ${sha("sha1", "")}\n` }]),
      /manifest names "2.vmdk"/,
    ],
    "a manifest with a checksum that is not known": [
      () => tarOf([...good(), { name: "lab.mf", data: `SHA384(1.vmdk)= ${sha("sha384", "")}\n` }]),
      /manifest has SHA384 for "1.vmdk"/,
    ],
    "a link": [() => tarOf([good()[0]!, { name: "1.vmdk", type: "2", data: "" }]), /no ordinary file/],
    "a name that leads up": [() => tarOf([...good(), { name: "../x", data: "" }]), /leads elsewhere/],
    "an absolute name": [() => tarOf([...good(), { name: "/etc/x", data: "" }]), /leads elsewhere/],
    "a name twice": [() => tarOf([...good(), good()[1]!]), /two members/],
    "no descriptor": [() => tarOf([good()[1]!]), /exactly one descriptor/],
    "two descriptors": [() => tarOf([...good(), { name: "b.ovf", data: ovfOf(["1.vmdk"]) }]), /exactly one/],
    "a disk that is not there": [() => tarOf([good()[0]!]), /which is not in it/],
    "an end that is missing": [() => tarOf(good()).subarray(0, 3000), /damaged/],
    "packed, and not packed": [
      () => tarOf([{ name: "lab.ovf", data: ovfOf(["1.vmdk"], ' ovf:compression="gzip"') }, good()[1]!]),
      /cannot be unpacked/,
    ],
    "four disks": [
      () => {
        const names = ["1.vmdk", "2.vmdk", "3.vmdk", "4.vmdk"];
        const disks = names.map((name) => ({ name, data: vmdk }));
        return tarOf([{ name: "lab.ovf", data: ovfOf(names) }, ...disks]);
      },
      /4 disks/,
    ],
  };
  const good = (): TarEntry[] => [
    { name: "lab.ovf", data: ovfOf(["1.vmdk"]) },
    { name: "1.vmdk", data: vmdk },
  ];

  test.each(Object.keys(wrong))("%s", async (what) => {
    const [archive, why] = wrong[what]!;
    await expect(importArchive(archive())).rejects.toThrow(why);
    expect(await readdir(store.folder)).toEqual([]);
  });
});

test("what a packed disk becomes is counted together with what was taken out of the archive", async () => {
  const packed = gzipSync(Buffer.alloc(200_000));
  const filler = Buffer.alloc(100_000, "x");
  const file = join(folder, "x.ova");
  const members = [
    { name: "lab.ovf", data: ovfOf(["lab.gz"], ' ovf:compression="gzip"') },
    { name: "lab.gz", data: packed },
    { name: "more", data: filler },
  ];
  await writeFile(file, tarOf(members));
  const taken = members.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
  const unpack = async (name: string, maxBytes: number) => {
    const into = join(folder, name);
    await mkdir(into);
    return unpackOva(file, into, { signal: work.signal, onFraction: () => undefined, maxBytes });
  };
  await expect(unpack("short", taken + 199_999)).rejects.toMatchObject({ code: "IMAGE_NO_SPACE" });
  expect((await unpack("enough", taken + 200_000)).disks).toHaveLength(1);
});
