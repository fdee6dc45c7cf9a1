import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProcess } from "../../../support/test-process.ts";
import { tarOf } from "../../../support/tar.ts";

/** One hostile image: how it is declared, and what its refusal says. */
export interface HostileImage {
  readonly file: string;
  readonly format: "qcow2" | "raw" | "vdi" | "vmdk" | "vpc" | "vhdx" | "qed" | "ova";
  readonly why: RegExp;
}

const BACKED = /names a backing file/;
const DIFFERENCES = /only the differences/;
const OTHERS = /consists of other files/;

/** Images that would have a host's file opened, made the way their makers would: by qemu-img, and by hand. */
export async function makeHostileImages(folder: string, victim: string): Promise<HostileImage[]> {
  const at = (name: string): string => join(folder, name);
  const create = async (format: string, name: string, ...more: string[]): Promise<string> => {
    const { code, stderr } = await runProcess("qemu-img", [
      "create",
      "-q",
      "-f",
      format,
      ...more,
      at(name),
      "1M",
    ]);
    if (code !== 0) throw new Error(`qemu-img create ${name}: ${stderr}`);
    return at(name);
  };
  const write = async (name: string, content: string | Buffer): Promise<string> => {
    await writeFile(at(name), content);
    return at(name);
  };
  const change = async (file: string, edit: (wire: Buffer) => void): Promise<string> => {
    const wire = await readFile(file);
    edit(wire);
    await writeFile(file, wire);
    return file;
  };
  const unchecked = (target: string): string[] => ["-u", "-F", "raw", "-b", target];
  const flat = `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 128 FLAT "${victim}" 0\n`;
  const parent = (wire: Buffer): void => {
    wire.write(`parentFileNameHint="${victim}"\n`, wire.indexOf("parentCID"), "latin1");
  };
  const json = `json:{"driver":"raw","file":{"driver":"file","filename":"${victim}"}}`;
  const vhd = (wire: Buffer): void => {
    for (const footer of [0, wire.length - 512]) wire.writeUInt32BE(4, footer + 60);
  };
  const vhdLocator = (wire: Buffer): void => void wire.write("W2ku", 512 + 576, "latin1");
  const vhdx = (wire: Buffer): void => {
    const item = wire.indexOf(Buffer.from("3767a1ca36fa434db3b633f0aa44e76b", "hex"));
    const table = wire.lastIndexOf("metadata", item);
    wire.writeUInt32LE(2, table + wire.readUInt32LE(item + 16) + 4);
  };
  const vmdk = await readFile(await change(await create("vmdk", "inner.vmdk"), parent));
  const ovf = `<Envelope><References><File id="f" href="d.vmdk"/></References><Disk fileRef="f"/></Envelope>`;
  const ova = (...members: Parameters<typeof tarOf>[0]): Buffer =>
    tarOf([{ name: "a.ovf", data: ovf }, ...members]);
  await mkdir(at("folder"));
  await symlink(victim, at("link"));
  await runProcess("mkfifo", [at("pipe")]);
  return [
    { file: await create("qcow2", "backed.qcow2", ...unchecked(victim)), format: "qcow2", why: BACKED },
    { file: await create("qcow2", "json.qcow2", ...unchecked(json)), format: "qcow2", why: BACKED },
    {
      file: await create("qcow2", "nbd.qcow2", ...unchecked("nbd:127.0.0.1:9")),
      format: "qcow2",
      why: BACKED,
    },
    {
      file: await create("qcow2", "v2.qcow2", "-o", "compat=0.10", ...unchecked(victim)),
      format: "qcow2",
      why: BACKED,
    },
    {
      file: await create("qcow2", "data.qcow2", "-o", `data_file=${at("their-data")}`),
      format: "qcow2",
      why: /in another file/,
    },
    { file: await create("qed", "backed.qed", ...unchecked(victim)), format: "qed", why: BACKED },
    { file: await write("flat.vmdk", flat), format: "vmdk", why: OTHERS },
    { file: await write("comment.vmdk", `\n#x\n${flat.slice(22)}`), format: "vmdk", why: OTHERS },
    {
      file: await create("vmdk", "split.vmdk", "-o", "subformat=twoGbMaxExtentSparse"),
      format: "vmdk",
      why: OTHERS,
    },
    {
      file: await change(await create("vmdk", "parent.vmdk"), parent),
      format: "vmdk",
      why: /names a parent/,
    },
    {
      file: await change(await create("vmdk", "empty.vmdk"), (wire) => wire.writeBigUInt64LE(0n, 12)),
      format: "vmdk",
      why: OTHERS,
    },
    { file: await change(await create("vpc", "child.vhd"), vhd), format: "vpc", why: DIFFERENCES },
    {
      file: await change(await create("vpc", "locator.vhd"), vhdLocator),
      format: "vpc",
      why: /where a parent image lies/,
    },
    { file: await change(await create("vhdx", "child.vhdx"), vhdx), format: "vhdx", why: DIFFERENCES },
    {
      file: await change(await create("vdi", "child.vdi"), (wire) => wire.writeUInt32LE(4, 0x4c)),
      format: "vdi",
      why: DIFFERENCES,
    },
    {
      file: await create("qcow2", "not.raw", ...unchecked(victim)),
      format: "raw",
      why: /said to be|backing file/,
    },
    { file: at("link"), format: "raw", why: /a link out of its folder/ },
    { file: at("pipe"), format: "raw", why: /not an ordinary file/ },
    { file: at("folder"), format: "raw", why: /not an ordinary file/ },
    {
      file: await write("up.ova", ova({ name: "../../d.vmdk", data: "x" })),
      format: "ova",
      why: /leads elsewhere/,
    },
    {
      file: await write("link.ova", ova({ name: "d.vmdk", type: "2", data: "" })),
      format: "ova",
      why: /no ordinary file/,
    },
    { file: await write("flat.ova", ova({ name: "d.vmdk", data: flat })), format: "ova", why: OTHERS },
    {
      file: await write("parent.ova", ova({ name: "d.vmdk", data: vmdk })),
      format: "ova",
      why: /names a parent/,
    },
    { file: await write("none.ova", ova()), format: "ova", why: /which is not in it/ },
  ];
}

const NAMES = [
  "a,snapshot=on",
  "new\nline",
  "-o",
  "json:{}",
  "nbd:127.0.0.1:9",
  "fat:rw:.",
  "%n$(touch x)",
  "'; x #",
];

/** Harmless images whose names could be taken for something else. */
export async function makeHostileNames(folder: string): Promise<string[]> {
  const good = join(folder, "good.qcow2");
  await runProcess("qemu-img", ["create", "-q", "-f", "qcow2", good, "1M"]);
  const files = NAMES.map((name) => join(folder, name));
  for (const file of files) await copyFile(good, file);
  return files;
}
