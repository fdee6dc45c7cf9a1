import { describe, expect, test } from "vitest";
import { findDiskFile } from "../../../../../launcher/images/ova/ovf.ts";
import { listTarMembers } from "../../../../../launcher/images/ova/tar.ts";
import { tarOf } from "../../../../support/tar.ts";
import { bytesOf } from "../formats/memory-bytes.ts";

function membersOf(...members: Parameters<typeof tarOf>[0]) {
  const tar = tarOf(members);
  return listTarMembers(bytesOf(tar.length, { 0: tar }));
}

describe("an OVA's members", () => {
  test("names, places and sizes", async () => {
    expect(await membersOf({ name: "a.ovf", data: "<x/>" }, { name: "d isk-1.vmdk", data: "KDMV" })).toEqual([
      { name: "a.ovf", offset: 512, size: 4 },
      { name: "d isk-1.vmdk", offset: 1536, size: 4 },
    ]);
  });

  test.each<[string, Parameters<typeof tarOf>[0][number], RegExp]>([
    ["up", { name: "../x", data: "" }, /leads elsewhere/],
    ["a folder", { name: "a/b", data: "" }, /leads elsewhere/],
    ["an absolute path", { name: "/etc/passwd", data: "" }, /leads elsewhere/],
    ["a dash in front", { name: "-rf", data: "" }, /leads elsewhere/],
    ["a protocol", { name: "nbd:x", data: "" }, /leads elsewhere/],
    ["a line break", { name: "a\nb", data: "" }, /leads elsewhere/],
    ["a prefix", { name: "a", prefix: "/etc", data: "" }, /leads elsewhere/],
    ["a link", { name: "a", type: "2", data: "" }, /no ordinary file/],
    ["a hard link", { name: "a", type: "1", data: "" }, /no ordinary file/],
    ["a device", { name: "a", type: "4", data: "" }, /no ordinary file/],
    ["a long name's header", { name: "a", type: "L", data: "../x" }, /no ordinary file/],
    ["a size beyond the file", { name: "a", data: "", size: "77777777777" }, /cut off/],
    ["a size that is none", { name: "a", data: "", size: "x" }, /no size/],
  ])("%s is refused", async (_what, member, why) => {
    await expect(membersOf(member)).rejects.toThrow(why);
  });

  test("the same name twice is refused", async () => {
    await expect(membersOf({ name: "a", data: "" }, { name: "a", data: "" })).rejects.toThrow(/two members/);
  });

  test("a changed header is refused", async () => {
    const tar = tarOf([{ name: "abc", data: "" }]);
    tar[1] = 0x78;
    await expect(listTarMembers(bytesOf(tar.length, { 0: tar }))).rejects.toThrow(/checksum/);
  });
});

describe("an OVF descriptor", () => {
  const ovf = (files: string, disks: string) =>
    `<?xml version="1.0"?><Envelope xmlns:ovf="x"><References>${files}</References><DiskSection>${disks}</DiskSection></Envelope>`;
  const file = '<File ovf:id="f1" ovf:href="disk.vmdk" ovf:size="1"/>';
  const disk = '<Disk ovf:diskId="d" ovf:fileRef="f1"/>';

  test("names the disk's file, with and without prefixes", () => {
    expect(findDiskFile(ovf(file, disk))).toBe("disk.vmdk");
    expect(findDiskFile(ovf(file, disk).replace(/<(File|Disk) /g, "<ovf:$1 "))).toBe("disk.vmdk");
    expect(findDiskFile(ovf(`<!-- ${file} --><File id='f1' href='a &amp; b'/>`, disk))).toBe("a & b");
  });

  test.each<[string, string, RegExp]>([
    [
      "a document type",
      `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${ovf(file, disk)}`,
      /document type/,
    ],
    ["no disk", ovf(file, ""), /no disk/],
    ["two disks", ovf(file, disk + disk), /several disks/],
    ["a file that is not described", ovf("", disk), /does not describe/],
    ["a packed disk", ovf(file.replace("/>", ' ovf:compression="gzip"/>'), disk), /packed/],
    ["pieces", ovf(file.replace("/>", ' ovf:chunkSize="7"/>'), disk), /packed or cut/],
  ])("with %s is refused", (_what, xml, why) => {
    expect(() => findDiskFile(xml)).toThrow(why);
  });

  test("a megabyte of opening brackets ends", () => {
    expect(() => findDiskFile("<".repeat(1_000_000))).toThrow();
    expect(() => findDiskFile(`<a ${'b="'.repeat(300_000)}`)).toThrow();
  });
});
