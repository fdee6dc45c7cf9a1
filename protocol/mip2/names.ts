/**
 * Names and patterns shared by server, host and pages. Without schemas, because the pages import this file.
 */

/** Name of an owner's data disk. */
export const DATA_DISK_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** The letters of an IPv4 or IPv6 address. */
export const GUEST_ADDRESS = /^[0-9a-fA-F.:]{2,45}$/;

/** QEMU's keyboard layouts, by its own names: the same in all its versions. */
export const KEYMAPS = [
  ...["ar", "bepo", "cz", "da", "de", "de-ch", "en-gb", "en-us", "es", "et", "fi", "fo", "fr", "fr-be"],
  ...["fr-ca", "fr-ch", "hr", "hu", "is", "it", "ja", "lt", "lv", "mk", "nl", "no", "pl", "pt", "pt-br"],
  ...["ru", "sl", "sv", "th", "tr"],
] as const;

/** Whether QEMU has a keyboard layout of this name. */
export function isKeymap(name: string): name is (typeof KEYMAPS)[number] {
  return (KEYMAPS as readonly string[]).includes(name);
}

/** A layout's name as earlier releases took it down: QEMU need not have it. */
export const RECORDED_KEYMAP = /^[a-z]{2,8}(-[a-z0-9]+)?$/;

/** SHA-256 in hexadecimal: of a file, or of a certificate's public key. */
export const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * A name that a peer or a person gives to something: one line, nothing invisible, nothing that turns the direction of text
 * or moves a terminal's cursor, no blank at its ends.
 */
export const SAFE_NAME = /^(?! )[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+(?<! )$/u;

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text in one line, without what {@link SAFE_NAME} refuses; may be empty. */
export function cleanName(text: string): string {
  return text.replace(/\s+/gu, " ").replace(UNSAFE, "").trim();
}

/** Maximum length of a desktop's name in characters; also of a machine's name. */
export const MAX_DESKTOP_NAME_LENGTH = 64;

/** What executes a machine's virtual processors: KVM, or QEMU's emulator. */
export const ACCELERATORS = ["kvm", "tcg"] as const;
export type Accel = (typeof ACCELERATORS)[number];

/** `host`: an agent that also serves machine requests. */
export const AGENT_ROLES = ["agent", "host"] as const;
export type AgentRole = (typeof AGENT_ROLES)[number];
