import type { DiskBus, HardwareProfile, NetworkCard } from "../../../protocol/index.ts";
import { invalidOva } from "./ova-error.ts";
import { childText, findElements, readXml, type XmlElement } from "./xml-tree.ts";

/** What a descriptor says about its machine; null: nothing. */
export interface OvfMachine {
  /** In the order of their places; the machine boots from the first. */
  readonly disks: readonly OvfDisk[];
  readonly memoryMb: number | null;
  readonly cpus: number | null;
  readonly firmware: { readonly kind: "bios" | "uefi"; readonly secureBoot: boolean };
  readonly profile: HardwareProfile | null;
  /** The bus of the first disk. */
  readonly disk: DiskBus | null;
  readonly card: NetworkCard | null;
}

export interface OvfDisk {
  /** As the descriptor names the file, relative to itself. */
  readonly href: string;
  readonly isGzip: boolean;
}

/** A device of the hardware section. */
interface Item {
  readonly type: number;
  readonly subtype: string;
  readonly id: string;
  readonly parent: string;
  readonly place: number;
  readonly resource: string;
  readonly element: XmlElement;
}

/** Kinds of devices, by CIM_ResourceAllocationSettingData.ResourceType. */
const PROCESSOR = 3;
const MEMORY = 4;
const IDE_CONTROLLER = 5;
const SCSI_CONTROLLER = 6;
const ETHERNET = 10;
const DISK_DRIVE = 17;
const OTHER_STORAGE = 20;

/** Of a machine: what is searched for belongs together in pairs. */
const MAX_DEVICES = 1000;
/** The most that a descriptor may ask for: an image's own default, which a person may change. */
const MAX_CPUS = 256;
const MAX_MEMORY_MB = 4 * 1024 * 1024;

/**
 * Reads an OVF descriptor.
 * @see https://www.dmtf.org/sites/default/files/standards/documents/DSP0243_2.1.1.pdf
 * @throws LaunchError `OVA_INVALID`
 */
export function readOvf(text: string): OvfMachine {
  const root = readXml(text);
  const systems = findElements(root, "VirtualSystem");
  if (systems.length > 1) throw invalidOva("it holds several machines. Export the one by itself");
  const system = systems[0] ?? root;
  const items = readItems(system);
  const quantity = (type: number): Item | undefined => items.find((item) => item.type === type);
  const drives = sortDrives(items);
  return {
    disks: listDisks(root, drives),
    memoryMb: clamp(readMemory(quantity(MEMORY)), MAX_MEMORY_MB),
    cpus: clamp(readNumber(quantity(PROCESSOR)), MAX_CPUS),
    firmware: readFirmware(system),
    profile: recogniseSystemName(system),
    disk: readDiskBus(items.find(({ id }) => id !== "" && id === drives[0]?.parent)),
    card: readCard(quantity(ETHERNET)?.subtype ?? ""),
  };
}

/** `Item`, and `StorageItem` and `EthernetPortItem` of OVF 2. */
function readItems(system: XmlElement): Item[] {
  const elements = ["Item", "StorageItem", "EthernetPortItem"].flatMap((name) => findElements(system, name));
  if (elements.length > MAX_DEVICES) throw invalidOva("its machine has too many devices");
  return elements.map((element) => ({
    type: Number(childText(element, "ResourceType")),
    subtype: childText(element, "ResourceSubType"),
    id: childText(element, "InstanceID") || childText(element, "InstanceId"),
    parent: childText(element, "Parent"),
    place: Number(childText(element, "AddressOnParent") || "0"),
    resource: childText(element, "HostResource"),
    element,
  }));
}

/** By their controllers, in the order of the text, then by their places on them. */
function sortDrives(items: readonly Item[]): Item[] {
  const rank = ({ parent }: Item): number => items.findIndex(({ id }) => id === parent);
  return items
    .filter(({ type, resource }) => type === DISK_DRIVE && diskIdOf(resource) !== null)
    .sort((one, other) => rank(one) - rank(other) || one.place - other.place);
}

/** `ovf:/disk/ID`, or `/disk/ID` as VirtualBox writes it. */
function diskIdOf(resource: string): string | null {
  return /^(?:ovf:)?\/disk\/(.+)$/.exec(resource)?.[1] ?? null;
}

/** Disks without a file are empty ones of the machine, and not part of the image. */
function listDisks(root: XmlElement, drives: readonly Item[]): OvfDisk[] {
  const described = findElements(root, "Disk").filter(({ attributes }) => attributes.has("fileRef"));
  if (described.length > MAX_DEVICES) throw invalidOva("its machine has too many devices");
  const plugged = drives.flatMap(({ resource }) =>
    described.filter(({ attributes }) => attributes.get("diskId") === diskIdOf(resource)),
  );
  const disks = [...new Set([...plugged, ...described])];
  if (disks.length === 0) throw invalidOva("its descriptor names no disk with content");
  const files = findElements(root, "File");
  return disks.map(({ attributes }) => {
    const file = files.find((one) => one.attributes.get("id") === attributes.get("fileRef"));
    const href = file?.attributes.get("href");
    if (file === undefined || href === undefined)
      throw invalidOva("its descriptor names a file that it does not describe");
    const compression = file.attributes.get("compression") ?? "identity";
    if (file.attributes.has("chunkSize")) throw invalidOva("its disk is cut in pieces. Export it in one");
    if (!["", "identity", "gzip"].includes(compression))
      throw invalidOva(`its disk is packed with "${compression}". Export it without`);
    return { href, isGzip: compression === "gzip" };
  });
}

function readNumber(item: Item | undefined): number | null {
  const text = item === undefined ? "" : childText(item.element, "VirtualQuantity");
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Kilobytes, megabytes and gigabytes, by their first letter. */
const POWERS: Readonly<Record<string, number>> = { k: 10, m: 20, g: 30 };

/** In MiB. Units: `byte * 2^20`, `MegaBytes`, `MB`; absent: bytes by the standard, MiB by those who leave it out. */
function readMemory(item: Item | undefined): number | null {
  const count = readNumber(item);
  if (item === undefined || count === null) return null;
  const units = childText(item.element, "AllocationUnits") || "MegaBytes";
  const power = /\*\s*2\s*\^\s*(\d{1,2})/.exec(units)?.[1] ?? POWERS[units.charAt(0).toLowerCase()] ?? 0;
  return Math.round(count * 2 ** (Number(power) - 20));
}

function clamp(value: number | null, most: number): number | null {
  return value === null || value < 1 ? null : Math.min(value, most);
}

/** VMware: `<Config key="firmware" value="efi"/>`; VirtualBox: `<Firmware type="EFI"/>`. */
function readFirmware(system: XmlElement): OvfMachine["firmware"] {
  const configs = findElements(system, "Config").map(({ attributes }) => ({
    key: attributes.get("key"),
    value: attributes.get("value")?.toLowerCase() ?? "",
  }));
  const isSet = (key: string, value: string): boolean =>
    configs.some((one) => one.key === key && one.value === value);
  const types = findElements(system, "Firmware").map(({ attributes }) => attributes.get("type") ?? "");
  const secureBoot =
    isSet("bootOptions.efiSecureBootEnabled", "true") ||
    findElements(system, "UefiNvram").some(({ children }) =>
      children.some(({ attributes }) => attributes.get("secureBoot") === "true"),
    );
  const isUefi = secureBoot || isSet("firmware", "efi") || types.some((type) => /^efi/i.test(type));
  return { kind: isUefi ? "uefi" : "bios", secureBoot };
}

function readDiskBus(controller: Item | undefined): DiskBus | null {
  if (controller === undefined) return null;
  const { type, subtype } = controller;
  if (/virtio/i.test(subtype)) return "virtio";
  if (type === IDE_CONTROLLER) return "ide";
  // What has NVMe knows SATA, and a machine with NVMe can be neither saved nor have snapshots while it runs.
  if (/ahci|sata|nvme/i.test(subtype)) return "sata";
  if (type === SCSI_CONTROLLER) return "scsi";
  return type === OTHER_STORAGE ? "sata" : null;
}

/** Cards that QEMU has no like of become the one that most systems know. */
function readCard(subtype: string): NetworkCard | null {
  if (subtype === "") return null;
  if (/virtio/i.test(subtype)) return "virtio";
  if (/e1000e/i.test(subtype)) return "e1000e";
  return /rtl|8139/i.test(subtype) ? "rtl8139" : "e1000";
}

/** Tried in their order, on names like `Windows11_64`, `windows9_64Guest`, `Microsoft Windows XP`, `FreeBSD_64`. */
const SYSTEM_NAMES: readonly (readonly [RegExp, HardwareProfile])[] = [
  [/\b(?:ms-?)?dos\b|freedos/i, "dos"],
  [/bsd/i, "bsd"],
  [/windows ?11/i, "windows-11"],
  [/win(?:dows)? ?(?:xp|nt|me\b|9[58]|2000|2003|3)|winxp|win2k|winnetserver/i, "legacy-pc"],
  [/windows|\bwin\d/i, "windows-10"],
  [/linux|debian|ubuntu|fedora|red ?hat|rhel|centos|suse|rocky|alma|arch|gentoo/i, "linux"],
];

function recogniseSystemName(system: XmlElement): HardwareProfile | null {
  const names = findElements(system, "OperatingSystemSection").flatMap((section) => [
    childText(section, "Description"),
    childText(section, "OSType"),
    section.attributes.get("osType") ?? "",
  ]);
  const text = names.join(" ");
  return SYSTEM_NAMES.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
