import { ClientMessageType } from "./client-messages.ts";

/**
 * SetDesktopSize with one screen that fills the desktop: U8 251 · pad · U16 width · U16 height · U8 1 · pad ·
 * U32 id · U16 x · U16 y · U16 width · U16 height · U32 flags.
 * @see the community's RFB specification, "SetDesktopSize"
 */
export function encodeSetDesktopSize(width: number, height: number): Buffer {
  const out = Buffer.alloc(24);
  out.writeUInt8(ClientMessageType.setDesktopSize, 0);
  out.writeUInt16BE(width, 2);
  out.writeUInt16BE(height, 4);
  out.writeUInt8(1, 6);
  out.writeUInt16BE(width, 16);
  out.writeUInt16BE(height, 18);
  return out;
}
