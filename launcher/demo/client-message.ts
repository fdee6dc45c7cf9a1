import { identifyClientMessage, type Grammar } from "../../protocol/index.ts";

/** One whole message of a viewer, of whatever type. @throws ProtocolError `RFB_CLIENT_MESSAGE` */
export function* demoClientMessage(): Grammar<Buffer> {
  let wire = Buffer.from(yield 1);
  let message = identifyClientMessage(wire, 0);
  if (message === undefined) {
    wire = Buffer.concat([wire, yield 1]);
    message = identifyClientMessage(wire, 0);
  }
  if (message === undefined) throw new Error("two bytes tell every message");
  if (message.headBytes > wire.length) wire = Buffer.concat([wire, yield message.headBytes - wire.length]);
  const rest = message.measure(wire, 0) - wire.length;
  return rest > 0 ? Buffer.concat([wire, yield rest]) : wire;
}
