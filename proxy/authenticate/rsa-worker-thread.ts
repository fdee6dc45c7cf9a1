// The program of the RSA worker's thread.
import type { KeyObject } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { decryptRandom, encryptRandom, parseAll, rsaPublicKey } from "../../protocol/index.ts";

export type RsaJob =
  | { readonly kind: "encrypt"; readonly wire: Uint8Array; readonly random: Uint8Array }
  | { readonly kind: "decrypt"; readonly encrypted: Uint8Array; readonly length: number };

export type RsaJobResult = { readonly result: Uint8Array } | { readonly error: string };

const privateKey = workerData as KeyObject;

parentPort?.on("message", (job: RsaJob) => {
  parentPort?.postMessage(run(job));
});

function run(job: RsaJob): RsaJobResult {
  try {
    return { result: job.kind === "encrypt" ? encrypt(job) : decrypt(job) };
  } catch (error) {
    return { error: String(error) };
  }
}

function encrypt({ wire, random }: RsaJob & { readonly kind: "encrypt" }): Buffer {
  const parsed = parseAll(rsaPublicKey(), Buffer.from(wire));
  if ("missing" in parsed) throw new Error("a key that is cut");
  return encryptRandom(parsed.value, Buffer.from(random));
}

function decrypt({ encrypted, length }: RsaJob & { readonly kind: "decrypt" }): Buffer {
  return decryptRandom(privateKey, Buffer.from(encrypted), length);
}
