import { createPrivateKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { ConfigError, describeRsaKey, type RsaServerKey } from "../../protocol/index.ts";
import type { ServiceStore } from "../state/stores.ts";

const SERVICE_VALUE = "rsa-aes-key";
/** TigerVNC's viewer makes a key of its own as long as ours, for each connection: longer ones make it slow. */
const KEY_BITS = 2_048;

const generate = promisify(generateKeyPair);

/**
 * The key that viewers see with the RSA-AES security types, made once for all servers that share the database, so that its
 * fingerprint stays the same.
 * @throws ConfigError `RSA_KEY_BROKEN`
 */
export async function loadRsaKey(service: ServiceStore): Promise<RsaServerKey> {
  const text = await service.getOrCreate(SERVICE_VALUE, createRsaKey);
  try {
    const privateKey = createPrivateKey(text);
    return { privateKey, publicKey: describeRsaKey(privateKey) };
  } catch (cause) {
    throw new ConfigError(
      "RSA_KEY_BROKEN",
      "The service's RSA key in the database is damaged. Restore the database from a backup.",
      { safeMessage: "The service's RSA key is damaged.", cause },
    );
  }
}

/** In a thread of its own: it takes a moment. */
async function createRsaKey(): Promise<string> {
  const { privateKey } = await generate("rsa", { modulusLength: KEY_BITS });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
