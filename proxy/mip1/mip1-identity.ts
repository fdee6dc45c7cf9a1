import { createHmac, randomBytes } from "node:crypto";
import { deriveShippedToken, deriveToken, ProtocolError } from "../../protocol/index.ts";
import type { ServiceStore } from "../state/stores.ts";

const KEY_NAME = "mip1.pseudonym-key";
const KEY_BYTES = 32;
const NAME_DIGITS = 10;

/** What the server derives from the identifier of a MiP 1 agent. */
export interface Mip1Identity {
  /** As long as a MiP 2 agent's id: 32 hex digits. */
  readonly agentId: string;
  /** What people see, of the agent and of its desktop. */
  readonly name: string;
  /** What viewers type: the specification's derivation, and the programs' where that is another one. */
  readonly tokens: readonly string[];
}

/** The key of the pseudonyms, the same for all servers of the service. */
export async function loadPseudonymKey(service: ServiceStore): Promise<Buffer> {
  const key = await service.getOrCreate(KEY_NAME, () => randomBytes(KEY_BYTES).toString("base64"));
  return Buffer.from(key, "base64");
}

/**
 * The identifier is the secret that its user shares with the desktop, so nothing that is stored, logged or shown may
 * help to guess it: ids and names are made of it with a key.
 * @throws ProtocolError `MIP1_IDENTIFIER` when it is empty or not UTF-8
 */
export function identifyMip1Agent(identifier: string, key: Buffer): Mip1Identity {
  if (identifier === "" || identifier.includes("\uFFFD")) {
    throw new ProtocolError("MIP1_IDENTIFIER", "the identifier of a MiP 1 agent is empty or not UTF-8");
  }
  const agentId = createHmac("sha256", key).update(identifier, "utf8").digest("hex").slice(0, 32);
  return {
    agentId,
    name: `mip1-${agentId.slice(0, NAME_DIGITS)}`,
    tokens: [...new Set([deriveToken(identifier), deriveShippedToken(identifier)])],
  };
}
