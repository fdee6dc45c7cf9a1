import type { TLSSocket } from "node:tls";
import {
  encodeJsonFrame,
  EXPORTER_BYTES,
  EXPORTER_CONTEXT,
  EXPORTER_LABEL,
  FrameType,
  rotationMessage,
  type NewKey,
} from "../../protocol/index.ts";
import type { AgentIdentity } from "./agent-identity.ts";

/**
 * Creates a new key, saves it beside the old one, and returns the frame that announces it to the server:
 * signed by both keys, and bound to this control connection.
 */
export async function announceNewKey(
  identity: AgentIdentity,
  socket: Pick<TLSSocket, "exportKeyingMaterial">,
): Promise<Buffer> {
  const next = await identity.makeNextKey();
  const message = rotationMessage({
    agentId: identity.agentId,
    publicKey: next.publicKey,
    exporter: socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT),
  });
  const announced: NewKey = {
    publicKey: next.publicKey.toString("base64"),
    signature: identity.sign(message).toString("base64"),
    possession: next.sign(message).toString("base64"),
  };
  return encodeJsonFrame(FrameType.newKey, announced);
}
