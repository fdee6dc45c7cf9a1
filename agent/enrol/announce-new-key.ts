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
 * Makes a new key, keeps it beside the old one, and gives the frame that tells the server of it: signed by both, and
 * bound to this control connection.
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
