import { encodeSetEncodings, PseudoEncoding } from "../../../../../protocol/index.ts";

export interface Sample {
  readonly name: string;
  readonly wire: Buffer;
  /** The pseudo-encoding that has to be forwarded first. */
  readonly needs?: number;
  /** Dropped when the viewer may only look. */
  readonly control?: boolean;
}

/** Bytes in hexadecimal, spaces for the eye, then `body` bytes of filling that looks like message types. */
function hex(text: string, body = 0): Buffer {
  return Buffer.concat([Buffer.from(text.replaceAll(" ", ""), "hex"), Buffer.alloc(body, 0x05)]);
}

export const EVERY_EXTENSION: readonly number[] = [
  PseudoEncoding.continuousUpdates,
  PseudoEncoding.fence,
  PseudoEncoding.xvp,
  PseudoEncoding.extendedDesktopSize,
  PseudoEncoding.gii,
  PseudoEncoding.qemuExtendedKey,
  PseudoEncoding.qemuAudio,
  PseudoEncoding.extendedClipboard,
];

/** Every client message that can pass, with the edges of its length. */
export const SAMPLES: readonly Sample[] = [
  { name: "SetPixelFormat", wire: hex("00 000000 20 18 00 01 00ff 00ff 00ff 10 08 00 000000") },
  { name: "SetEncodings, none", wire: encodeSetEncodings([]) },
  { name: "FramebufferUpdateRequest", wire: hex("03 01 0000 0000 0400 0300") },
  { name: "KeyEvent", wire: hex("04 01 0000 0000ff0d"), control: true },
  { name: "PointerEvent", wire: hex("05 01 0010 0020"), control: true },
  { name: "PointerEvent, bit 7", wire: hex("05 80 0010 0020"), control: true },
  { name: "ClientCutText, empty", wire: hex("06 000000 00000000"), control: true },
  { name: "ClientCutText", wire: hex("06 000000 00000005", 5), control: true },
  {
    name: "extended ClientCutText, caps",
    wire: hex("06 000000 fffffffc 01000001"),
    needs: PseudoEncoding.extendedClipboard,
    control: true,
  },
  {
    name: "extended ClientCutText, provide",
    wire: hex("06 000000 ffffffec 10000001", 16),
    needs: PseudoEncoding.extendedClipboard,
    control: true,
  },
  {
    name: "EnableContinuousUpdates",
    wire: hex("96 01 0000 0000 0400 0300"),
    needs: PseudoEncoding.continuousUpdates,
  },
  { name: "Fence, empty", wire: hex("f8 000000 80000001 00"), needs: PseudoEncoding.fence },
  { name: "Fence, longest", wire: hex("f8 000000 80000001 40", 64), needs: PseudoEncoding.fence },
  { name: "xvp", wire: hex("fa 00 01 02"), needs: PseudoEncoding.xvp, control: true },
  {
    name: "SetDesktopSize, no screens",
    wire: hex("fb 00 0400 0300 00 00"),
    needs: PseudoEncoding.extendedDesktopSize,
    control: true,
  },
  {
    name: "SetDesktopSize, two screens",
    wire: hex("fb 00 0400 0300 02 00", 32),
    needs: PseudoEncoding.extendedDesktopSize,
    control: true,
  },
  { name: "gii, little-endian", wire: hex("fd 01 0400", 4), needs: PseudoEncoding.gii, control: true },
  { name: "gii, big-endian", wire: hex("fd 81 0004", 4), needs: PseudoEncoding.gii, control: true },
  {
    name: "QEMU extended key",
    wire: hex("ff 00 0001 0000ff0d 0000001c"),
    needs: PseudoEncoding.qemuExtendedKey,
    control: true,
  },
  { name: "QEMU audio, enable", wire: hex("ff 01 0000"), needs: PseudoEncoding.qemuAudio },
  { name: "QEMU audio, disable", wire: hex("ff 01 0001"), needs: PseudoEncoding.qemuAudio },
  { name: "QEMU audio, format", wire: hex("ff 01 0002 03 02 0000ac44"), needs: PseudoEncoding.qemuAudio },
];

/** UltraVNC's own, with their lengths. */
export const ULTRA_SAMPLES: readonly Sample[] = [
  { name: "SetScale", wire: hex("08 020000") },
  { name: "SetServerInput", wire: hex("09 010000") },
  { name: "SetSW", wire: hex("0a 01 0001 0002") },
  { name: "chat, text", wire: hex("0b 000000 00000003", 3) },
  { name: "chat, open", wire: hex("0b 000000 ffffffff") },
  { name: "chat, close", wire: hex("0b 000000 fffffffe") },
  { name: "chat, finished", wire: hex("0b 000000 fffffffd") },
  { name: "KeepAlive", wire: hex("0d") },
  { name: "SetScaleFactor", wire: hex("0f 020000") },
  { name: "RequestSession", wire: hex("14") },
  { name: "SetSession", wire: hex("15 01") },
  { name: "NotifyPluginStreaming", wire: hex("50 010000") },
];
