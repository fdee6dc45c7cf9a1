/** A PCI function: `0000:4c:00.1`. */
export type PciAddress = string;

const FULL = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;
const WRITTEN = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2})(\.[0-7])?$/i;

export function isPciAddress(text: string): boolean {
  return FULL.test(text);
}

/** A written address (`4c:00`, `4c:00.0`, `0000:4c:00.0`) in the kernel's format; null: not an address. */
export function parsePciAddress(text: string): string | null {
  const [, domain = "0000", place, ordinal = ""] = WRITTEN.exec(text.trim()) ?? [];
  return place === undefined ? null : `${domain}:${place}${ordinal}`.toLowerCase();
}

/** `0000:4c:00`: where all functions of a card are. */
export function slotOf(address: PciAddress): string {
  return address.replace(/\.[0-7]$/, "");
}

export function ordinalOf(address: PciAddress): number {
  return Number(address.slice(-1));
}
