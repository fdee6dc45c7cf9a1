import { describe, expect, test } from "vitest";
import { checkManifest } from "../../../../../launcher/images/ova/manifest.ts";
import { readOvf } from "../../../../../launcher/images/ova/ovf.ts";
import { childText, findElements, readXml } from "../../../../../launcher/images/ova/xml-tree.ts";

const item = (type: number, fields: Readonly<Record<string, string | number>>) =>
  `<Item>${Object.entries({ ResourceType: type, ...fields })
    .map(([name, value]) => `<rasd:${name}>${value}</rasd:${name}>`)
    .join("")}</Item>`;

const ovf = (parts: { files?: string; disks?: string; system?: string; items?: string; more?: string }) =>
  `<?xml version="1.0"?><Envelope xmlns:ovf="x"><References>${parts.files ?? file("f1", "disk.vmdk")}</References>
  <DiskSection>${parts.disks ?? disk("d1", "f1")}</DiskSection>
  <VirtualSystem ovf:id="lab">${parts.system ?? ""}<VirtualHardwareSection>${parts.items ?? ""}</VirtualHardwareSection>
  ${parts.more ?? ""}</VirtualSystem></Envelope>`;
const file = (id: string, href: string, more = "") => `<File ovf:id="${id}" ovf:href="${href}" ${more}/>`;
const disk = (id: string, from: string) => `<Disk ovf:diskId="${id}" ovf:fileRef="${from}"/>`;

test("names the disk's file, with and without prefixes", () => {
  expect(readOvf(ovf({})).disks).toEqual([{ href: "disk.vmdk", isGzip: false }]);
  expect(readOvf(ovf({}).replace(/<(File|Disk) /g, "<ovf:$1 ")).disks).toHaveLength(1);
  const odd = ovf({ files: `<!-- ${file("f1", "no")} --><File id='f1' href='a &amp; b&#x2e;vmdk'/>` });
  expect(readOvf(odd).disks[0]?.href).toBe("a & b.vmdk");
});

test("two disks are in the order of their places, one of them packed", () => {
  const found = readOvf(
    ovf({
      files: file("f1", "data.vmdk") + file("f2", "root.vmdk.gz", 'ovf:compression="gzip"'),
      disks: disk("data", "f1") + disk("root", "f2") + '<Disk ovf:diskId="empty" ovf:capacity="1"/>',
      items:
        item(20, { InstanceID: 3, ResourceSubType: "AHCI" }) +
        item(17, { InstanceID: 4, Parent: 3, AddressOnParent: 1, HostResource: "/disk/data" }) +
        item(17, { InstanceID: 5, Parent: 3, AddressOnParent: 0, HostResource: "ovf:/disk/root" }),
    }),
  );
  expect(found.disks).toEqual([
    { href: "root.vmdk.gz", isGzip: true },
    { href: "data.vmdk", isGzip: false },
  ]);
  expect(found.disk).toBe("sata");
});

test.each([
  ["byte * 2^20", 2048, 2048],
  ["byte*2^30", 4, 4096],
  ["MegaBytes", 512, 512],
  ["GigaBytes", 2, 2048],
  ["KiloBytes", 1_048_576, 1024],
  ["byte", 268_435_456, 256],
  ["MegaBytes", 0, null],
])("memory in %s: %d", (units, amount, memoryMb) => {
  const items =
    item(4, { AllocationUnits: units, VirtualQuantity: amount }) + item(3, { VirtualQuantity: 6 });
  expect(readOvf(ovf({ items }))).toMatchObject({ memoryMb, cpus: 6 });
});

test.each([
  [5, "", "ide"],
  [5, "PIIX4", "ide"],
  [6, "lsilogic", "scsi"],
  [6, "VirtualSCSI", "scsi"],
  [20, "AHCI", "sata"],
  [20, "vmware.sata.ahci", "sata"],
  [20, "vmware.nvme.controller", "sata"],
  [20, "VirtioSCSI", "virtio"],
])("a controller of type %d, %s, is %s", (type, subtype, bus) => {
  const items =
    item(type, { InstanceID: 3, ResourceSubType: subtype }) +
    item(17, { InstanceID: 4, Parent: 3, HostResource: "ovf:/disk/d1" });
  expect(readOvf(ovf({ items })).disk).toBe(bus);
});

test.each([
  ["E1000", "e1000"],
  ["E1000e", "e1000e"],
  ["VmxNet3", "e1000"],
  ["PCNet32", "e1000"],
  ["virtio", "virtio"],
  ["", null],
])("a card %s is %s", (subtype, card) => {
  expect(readOvf(ovf({ items: item(10, { ResourceSubType: subtype }) })).card).toBe(card);
});

test.each([
  ["", { kind: "bios", secureBoot: false }],
  ['<vmw:Config vmw:key="firmware" vmw:value="efi"/>', { kind: "uefi", secureBoot: false }],
  ['<vmw:Config vmw:key="firmware" vmw:value="bios"/>', { kind: "bios", secureBoot: false }],
  [
    '<vmw:Config vmw:key="bootOptions.efiSecureBootEnabled" vmw:value="true"/>',
    { kind: "uefi", secureBoot: true },
  ],
  [
    '<vbox:Machine><Hardware><Firmware type="EFI"/></Hardware></vbox:Machine>',
    { kind: "uefi", secureBoot: false },
  ],
])("firmware by %s", (more, firmware) => {
  expect(readOvf(ovf({ more })).firmware).toEqual(firmware);
});

test.each([
  ["<Description>Debian_64</Description>", "linux"],
  [
    '<Description>Windows11_64</Description><vbox:OSType ovf:required="false">Windows11_64</vbox:OSType>',
    "windows-11",
  ],
  ["<Description>Microsoft Windows 10 (64-bit)</Description>", "windows-10"],
  ["<Description>WindowsXP</Description>", "legacy-pc"],
  ["<Description>Windows2012_64</Description>", "windows-10"],
  ["<Description>FreeBSD_64</Description>", "bsd"],
  ["<Description>DOS</Description>", "dos"],
  ["<Description>Other</Description>", null],
])("the system by %s", (text, profile) => {
  const system = `<OperatingSystemSection ovf:id="1">${text}</OperatingSystemSection>`;
  expect(readOvf(ovf({ system })).profile).toBe(profile);
});

test("VMware's name of the system", () => {
  const system = '<OperatingSystemSection ovf:id="1" vmw:osType="windows9_64Guest"/>';
  expect(readOvf(ovf({ system })).profile).toBe("windows-10");
});

test.each<[string, string, RegExp]>([
  ["a document type", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${ovf({})}`, /document type/],
  ["no disk", ovf({ disks: "" }), /no disk/],
  ["a file that is not described", ovf({ files: "" }), /does not describe/],
  ["an unknown packing", ovf({ files: file("f1", "d", 'ovf:compression="lzma"') }), /packed with/],
  ["pieces", ovf({ files: file("f1", "d", 'ovf:chunkSize="7"') }), /cut in pieces/],
  ["two machines", ovf({ more: "</VirtualSystem><VirtualSystem>" }), /several machines/],
  ["an end that is missing", ovf({}).slice(0, -"</Envelope>".length), /cut off/],
  ["an end of something else", "<a></b>", /no XML/],
  ["too many devices", ovf({ items: item(17, {}).repeat(1001) }), /too many devices/],
])("with %s is refused", (_what, xml, why) => {
  expect(() => readOvf(xml)).toThrow(why);
});

describe("XML", () => {
  test("text, sections, entities and instructions", () => {
    const [a] = readXml(
      '<?x <b>?><a k="1&lt;2"> one &#233;<!-- <c> --><![CDATA[<d>&amp;]]><e/></a>',
    ).children;
    expect(a?.text).toBe(" one é<d>&amp;");
    expect(a?.attributes.get("k")).toBe("1<2");
    expect(findElements(readXml("<x:a><y:b> t </y:b></x:a>"), "b")).toHaveLength(1);
    expect(childText(readXml("<a> t </a>"), "a")).toBe("t");
  });

  test.each([
    ["<".repeat(1_000_000)],
    [`<a ${'b="'.repeat(300_000)}`],
    ["<!--".repeat(250_000)],
    ["<a>".repeat(300_000)],
    ["<a/>".repeat(250_000)],
  ])("a megabyte of nonsense ends", (text) => {
    expect(() => readOvf(text)).toThrow(/OVA cannot be imported/);
  });
});

describe("a tag", () => {
  test("of a megabyte of letters is given up, not searched for attributes at each letter", () => {
    expect(() => readXml(`<a ${"x".repeat(2 ** 20)}></a>`)).toThrow(/tag without end/);
    // What is no attribute ends the tag's reading at its first letter.
    expect(() => readXml(`<a ${"x".repeat(60_000)}></a>`)).toThrow(/no XML/);
    expect(() => readXml(`<a b="1" ${"x ".repeat(30_000)}/>`)).toThrow(/no XML/);
  });

  test("may have as many attributes as fit into it", () => {
    const many = Array.from({ length: 3000 }, (_, index) => `a${index}='${index}'`).join(" \n");
    const [root] = readXml(`<a ${many} />`).children;
    expect(root?.attributes.size).toBe(3000);
    expect(root?.attributes.get("a2999")).toBe("2999");
  });
});

describe("a manifest", () => {
  const digests = { sha1: "a".repeat(40), sha256: "b".repeat(64), sha512: "c".repeat(128) };
  const check = (text: string) => {
    checkManifest(text, (name) => (name === "lab.ovf" ? digests : null));
  };

  test.each([
    `SHA1(lab.ovf)= ${digests.sha1}`,
    `SHA1 (lab.ovf) = ${digests.sha1}`,
    `SHA256(lab.ovf)= ${digests.sha256.toUpperCase()}\r\nSHA512(lab.ovf)= ${digests.sha512}\n`,
    "# written by hand\n\n",
  ])("%s fits", (text) => {
    expect(() => check(text)).not.toThrow();
  });

  test.each([
    [`SHA1(lab.ovf)= ${"0".repeat(40)}`, /not the one that its manifest describes/],
    [`SHA256(lab.ovf)= ${digests.sha1}`, /not the one that its manifest describes/],
    [`SHA1(other.vmdk)= ${digests.sha1}`, /manifest names "other.vmdk"/],
    ["MD5(lab.ovf)= 00", /manifest has MD5 for "lab.ovf"/],
  ])("%s does not", (text, why) => {
    expect(() => check(text)).toThrow(why);
  });
});
