import { bytes, identifyClientMessage, type Grammar } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/**
 * One message of a viewer, from its second byte on. Of a long one the beginning is kept and the rest is passed over a piece
 * at a time: whatever its length, it takes no more memory.
 * @throws ProtocolError `RFB_CLIENT_MESSAGE`
 */
export function* promptMessage(firstByte: Buffer): Grammar<Buffer> {
  let wire = Buffer.from(firstByte);
  let message = identifyClientMessage(wire, 0);
  if (message === undefined) {
    wire = Buffer.concat([wire, yield 1]);
    message = identifyClientMessage(wire, 0);
  }
  if (message === undefined) throw new Error("two bytes tell every message");
  if (message.headBytes > wire.length) wire = Buffer.concat([wire, yield message.headBytes - wire.length]);
  const length = message.measure(wire, 0);
  const kept = Math.min(length, PROXY_LIMITS.promptMessageBytes);
  wire = Buffer.concat([wire, yield* bytes(Math.max(0, kept - wire.length))]);
  for (let left = length - wire.length; left > 0;) {
    const piece = Math.min(left, PROXY_LIMITS.promptMessageBytes);
    yield piece;
    left -= piece;
  }
  return wire;
}
