import { checkBootScript, chooseFirmware, chooseHardware, hasAdapter } from "../../launcher/index.ts";
import { describeError, isPosternError, type ImageCatalogueInput } from "../../protocol/index.ts";
import type { DartsHost } from "./darts-host.ts";
import type { ImageLook } from "./look-at-image.ts";
import type { ListedMachine } from "./machines-conf.ts";
import type { PerlValue } from "./perl-values.ts";

type Entry = ImageCatalogueInput["images"][number];
type Format = Extract<Entry["boot"], { kind: "disk" }>["format"];
type Warn = (text: string) => void;

const DEFAULT_MACHINES_DIR = "/var/lib/qemu-web-desktop/machines";
const MIN_MEMORY_MB = 512;
/** Early releases of DARTS counted memory in MB. */
const LARGEST_GB = 1024;
/** What an entry of a catalogue holds. */
const MAX_SHARES = 8;
const MAX_SCRIPTS = 20;
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
const DEFAULT_DISPLAY = "qxl";

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

export function readMachineDefaults(settings: ReadonlyMap<string, PerlValue>, warn: Warn): MachineDefaults {
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
  const memory = amount("snapshot_alloc_mem", 4);
  if (memory > LARGEST_GB) warn(`snapshot_alloc_mem: ${memory} was taken for MB, as in early releases.`);
  const arch = readArchitecture(text("qemu_exec"), warn);
  return {
    folder: (text("dir_machines") ?? DEFAULT_MACHINES_DIR).replace(/(?<=.)\/+$/, ""),
    cpus: Math.ceil(amount("snapshot_alloc_cpu", 1)),
    memoryMb: Math.ceil(memory > LARGEST_GB ? memory : memory * 1024),
    diskGb: Math.ceil(amount("snapshot_alloc_disk", 10)),
    display: chooseDisplay(text("qemu_video") ?? DEFAULT_DISPLAY, arch, warn),
    arch,
    shares: readShares(list("dir_mounts"), warn),
    scripts: readScripts(list("config_script"), warn),
  };
}

function readArchitecture(program: string | undefined, warn: Warn): MachineDefaults["arch"] {
  const name = (program ?? "").split("/").at(-1) ?? "";
  if (/aarch64|arm64/.test(name)) return "aarch64";
  if (!/^(?:$|qemu-system-(?:x86_64|i386)|kvm|qemu-kvm)/.test(name))
    warn(`qemu_exec: ${name} is of no architecture that there is here; x86_64 was taken.`);
  return "x86_64";
}

function chooseDisplay(
  wanted: string,
  arch: MachineDefaults["arch"],
  warn: Warn,
): MachineDefaults["display"] {
  const display = ADAPTERS.find((adapter) => adapter === wanted);
  if (display !== undefined && hasAdapter(arch, display)) return display;
  const taken = arch === "x86_64" ? "std" : "virtio";
  const where = display === undefined ? "here" : `for ${arch}`;
  warn(`qemu_video: ${wanted} is no adapter ${where}; ${taken} was taken.`);
  return taken;
}

/** DARTS names a folder after the last part of its path: `/mnt/data` is `host_data`. */
function readShares(folders: readonly string[], warn: Warn): MachineDefaults["shares"] {
  const shares = new Map<string, string>();
  for (const folder of folders) {
    const tag = `host_${folder.split("/").filter(Boolean).at(-1) ?? ""}`;
    const isGood = folder.startsWith("/") && /^[A-Za-z0-9_-]{1,30}$/.test(tag);
    if (!isGood || shares.has(tag) || shares.size === MAX_SHARES)
      warn(`dir_mounts: ${folder} cannot be shared under the name ${tag} and was left out.`);
    else shares.set(tag, folder);
  }
  return [...shares].map(([tag, folder]) => ({ tag, folder }));
}

function readScripts(scripts: readonly string[], warn: Warn): readonly string[] {
  const good = scripts.filter((script) => isScript(script, warn));
  if (good.length > MAX_SCRIPTS)
    warn(`config_script: an image has ${MAX_SCRIPTS} scripts; the first were taken.`);
  return good.slice(0, MAX_SCRIPTS);
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

interface MachineContext {
  readonly defaults: MachineDefaults;
  readonly host: Pick<DartsHost, "lookAtImage">;
  /** Ids so far. */
  readonly taken: Set<string>;
  readonly warn: Warn;
}

/** One image. Null, with a warning, if it cannot be converted. */
export async function convertMachine(
  machine: ListedMachine,
  { defaults, host, taken, warn }: MachineContext,
): Promise<Entry | null> {
  const { file } = machine;
  const say: Warn = (text) => {
    warn(`${file}: ${text}`);
  };
  const path = file.startsWith("/") ? file : `${defaults.folder}/${file}`;
  if (!path.startsWith("/")) {
    say(`${path} is no absolute path. It was left out.`);
    return null;
  }
  const look = await host.lookAtImage(path);
  const boot = readBootSource(path, look, say);
  if (boot === null) return null;
  const { cpus, memoryMb, arch } = defaults;
  const url = readUrl(machine.url, say);
  const id = chooseId(file, taken);
  const scripts = boot.kind === "disk" ? defaults.scripts : [];
  if (scripts.length < defaults.scripts.length) say("an ISO has no disk that boot scripts could get into.");
  if (scripts.some((script) => script.includes("@VM@"))) say(`@VM@ is "${id}" here; check the conditions.`);
  const description = machine.description ?? "";
  return {
    id,
    title: cut(description === "" ? file : description, 100),
    description: cut(description, 500),
    cpus: { default: cpus, min: 1 },
    memoryMb: { default: memoryMb, min: Math.min(memoryMb, MIN_MEMORY_MB) },
    ...(boot.kind === "iso" && { diskGb: { default: defaults.diskGb, min: 1 } }),
    boot,
    // DARTS's own machines do not see KVM, either.
    ...(arch === "aarch64"
      ? { arch, firmware: { kind: "uefi" as const } }
      : { hideKvm: true, ...chooseDevices(boot, look) }),
    display: defaults.display,
    network: "internet",
    ...(scripts.length > 0 && { script: "virt-customize" as const, scripts: [...scripts] }),
    ...(defaults.shares.length > 0 && { shares: [...defaults.shares] }),
    ...(url !== undefined && { source: { url, note: "From DARTS's machines.conf; not tried here." } }),
  };
}

/** Guests of DARTS have its IDE disk and its network card, and need not know virtio. */
const DARTS_DEVICES = { profile: "linux", disk: "ide", card: "e1000" } as const;

/** As `image add` does it where the disk says what is on it, and else as DARTS starts it. */
function chooseDevices(boot: Entry["boot"], look: ImageLook): Pick<Entry, "hardware" | "firmware"> {
  if (boot.kind !== "disk") return {};
  if (look.kind !== "file" || look.system.profile === null) return { hardware: DARTS_DEVICES };
  const known = { format: boot.format, system: look.system, machine: null };
  const hardware = chooseHardware(known);
  const firmware = chooseFirmware(known);
  return {
    ...(hardware !== undefined && { hardware }),
    ...(firmware.kind === "uefi" && { firmware }),
  };
}

/** As DARTS does it: the name says whether it is a CD, the content in which format a disk is. */
function readBootSource(path: string, look: ImageLook, say: Warn): Entry["boot"] | null {
  const ending = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  const named = ending === "iso" ? "raw" : Object.hasOwn(FORMATS, ending) ? FORMATS[ending] : undefined;
  if (look.kind === "refused") {
    say(`${look.why}. It was left out.`);
    return null;
  }
  const format = look.kind === "missing" ? (ending === "ova" ? "ova" : named) : look.format;
  // A raw disk has no sign of its own.
  if (format === undefined || format === "other" || (format === "raw" && named === undefined)) {
    say("neither its ending nor its content is of a format that is known. It was left out.");
    return null;
  }
  if (format === "ova") {
    say("import it with `postern image import`.");
    return null;
  }
  if (look.kind === "missing")
    return ending === "iso" ? { kind: "iso", file: path } : { kind: "disk", format, file: path };
  const { file } = look;
  if (look.isElsewhere) say(`it is a link to ${file}, which the catalogue names now.`);
  if (!look.isReadable)
    say(
      "machines run as an account of their own, which may not read it: chmod o+r the file, and o+x its folders.",
    );
  if (ending === "iso" && format === "raw") return { kind: "iso", file };
  if (format !== named) say(`it is a ${format} image, whatever its name says.`);
  return { kind: "disk", format, file };
}

/** At most so long, and no half of a character at the end. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
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
