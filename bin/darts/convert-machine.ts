import { checkBootScript } from "../../launcher/index.ts";
import { describeError, isPosternError, type ImageCatalogueInput } from "../../protocol/index.ts";
import type { ListedMachine } from "./machines-conf.ts";
import type { PerlLiteral } from "./perl-literals.ts";

type Entry = ImageCatalogueInput["images"][number];
type Format = Extract<Entry["boot"], { kind: "disk" }>["format"];
type Warn = (text: string) => void;

const DEFAULT_MACHINES_DIR = "/var/lib/qemu-web-desktop/machines";
const MIN_MEMORY_MB = 512;
const FORMATS: Readonly<Record<string, Format>> = {
  qcow2: "qcow2",
  raw: "raw",
  img: "raw",
  vdi: "vdi",
  vmdk: "vmdk",
  vhd: "vpc",
  vhdx: "vhdx",
  qed: "qed",
};
const ADAPTERS = ["std", "qxl", "virtio", "vmware", "cirrus", "none"] as const;

/** Settings of config.pl that apply to all machines. */
export interface MachineDefaults {
  readonly folder: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly display: (typeof ADAPTERS)[number];
  readonly arch: "x86_64" | "aarch64";
  readonly shares: readonly { readonly tag: string; readonly folder: string }[];
  readonly scripts: readonly string[];
}

export function readMachineDefaults(settings: ReadonlyMap<string, PerlLiteral>, warn: Warn): MachineDefaults {
  const text = (name: string): string | undefined => {
    const value = settings.get(name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const list = (name: string): readonly string[] => {
    const value = settings.get(name) ?? [];
    return (typeof value === "string" ? [value] : value).filter((item) => item.trim() !== "");
  };
  const amount = (name: string, otherwise: number): number => {
    const value = Number(text(name) ?? otherwise);
    if (Number.isFinite(value) && value > 0) return value;
    warn(`${name}: ${String(text(name))} is no amount; ${otherwise} was taken.`);
    return otherwise;
  };
  const video = text("qemu_video") ?? "qxl";
  const display = ADAPTERS.find((adapter) => adapter === video);
  if (display === undefined) warn(`qemu_video: ${video} is no adapter here; std was taken.`);
  return {
    folder: text("dir_machines") ?? DEFAULT_MACHINES_DIR,
    cpus: Math.ceil(amount("snapshot_alloc_cpu", 1)),
    memoryMb: Math.ceil(amount("snapshot_alloc_mem", 4) * 1024),
    diskGb: Math.ceil(amount("snapshot_alloc_disk", 10)),
    display: display ?? "std",
    arch: text("qemu_exec")?.includes("aarch64") === true ? "aarch64" : "x86_64",
    shares: readShares(list("dir_mounts"), warn),
    scripts: list("config_script").filter((script) => isScript(script, warn)),
  };
}

/** DARTS names a folder after the last part of its path: `/mnt/data` is `host_data`. */
function readShares(folders: readonly string[], warn: Warn): MachineDefaults["shares"] {
  return folders.flatMap((folder) => {
    const last = folder.split("/").filter(Boolean).at(-1) ?? "";
    const tag = `host_${last}`;
    if (folder.startsWith("/") && /^[A-Za-z0-9_-]{1,30}$/.test(tag)) return [{ tag, folder }];
    warn(`dir_mounts: ${folder} cannot be shared under the name ${tag} and was left out.`);
    return [];
  });
}

function isScript(script: string, warn: Warn): boolean {
  try {
    checkBootScript(script);
    return true;
  } catch (error) {
    warn(
      `config_script: ${isPosternError(error) ? error.safeMessage : describeError(error)} It was left out.`,
    );
    return false;
  }
}

/** One image. Null, with a warning, if it cannot be converted. */
export function convertMachine(
  machine: ListedMachine,
  defaults: MachineDefaults,
  taken: Set<string>,
  warn: Warn,
): Entry | null {
  const { file } = machine;
  const say: Warn = (text) => {
    warn(`${file}: ${text}`);
  };
  const boot = readBootSource(file, defaults.folder);
  if (boot === null) {
    const ova = file.toLowerCase().endsWith(".ova");
    say(
      ova
        ? "import it with `postern image import`."
        : "its ending names no format that is known. It was left out.",
    );
    return null;
  }
  const [cpus, memoryMb] = [defaults.cpus, defaults.memoryMb];
  const url = readUrl(machine.url, say);
  const id = chooseId(file, taken);
  const scripts = boot.kind === "disk" ? defaults.scripts : [];
  if (scripts.length < defaults.scripts.length) say("an ISO has no disk that boot scripts could get into.");
  if (scripts.some((script) => script.includes("@VM@"))) say(`@VM@ is "${id}" here; check the conditions.`);
  return {
    id,
    title: (machine.description ?? file).slice(0, 100),
    description: (machine.description ?? "").slice(0, 500),
    cpus: { default: cpus, min: 1 },
    memoryMb: { default: memoryMb, min: Math.min(memoryMb, MIN_MEMORY_MB) },
    ...(boot.kind === "iso" && { diskGb: { default: defaults.diskGb, min: 1 } }),
    boot,
    ...(defaults.arch === "aarch64" && { arch: "aarch64" as const, firmware: { kind: "uefi" as const } }),
    display: defaults.display,
    network: "internet",
    ...(scripts.length > 0 && { script: "virt-customize" as const, scripts: [...scripts] }),
    ...(defaults.shares.length > 0 && { shares: [...defaults.shares] }),
    ...(url !== undefined && { source: { url, note: "From DARTS's machines.conf; not tried here." } }),
  };
}

function readBootSource(file: string, folder: string): Entry["boot"] | null {
  const ending = /\.([A-Za-z0-9]+)$/.exec(file)?.[1]?.toLowerCase() ?? "";
  const path = file.startsWith("/") ? file : `${folder.replace(/\/+$/, "")}/${file}`;
  if (!path.startsWith("/")) return null;
  if (ending === "iso") return { kind: "iso", file: path };
  const format = Object.hasOwn(FORMATS, ending) ? FORMATS[ending] : undefined;
  return format === undefined ? null : { kind: "disk", format, file: path };
}

function readUrl(url: string | undefined, say: Warn): string | undefined {
  if (url === undefined || url === "") return undefined;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  say(`${url} is no http or https address and was left out.`);
  return undefined;
}

/** Lower case, without the file extension, unique among the ids so far. */
function chooseId(file: string, taken: Set<string>): string {
  const plain = (file.split("/").at(-1) ?? "")
    .toLowerCase()
    .replace(/\.[a-z0-9]+$/, "")
    .replaceAll(/[^a-z0-9.+-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 60);
  const base = plain === "" ? "image" : plain;
  let id = base;
  for (let number = 2; taken.has(id); number += 1) id = `${base}-${number}`;
  taken.add(id);
  return id;
}
