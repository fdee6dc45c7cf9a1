import { createHash } from "node:crypto";
import { TOKEN_LENGTH } from "./generate.ts";

/**
 * The password of a MiP 1 agent's desktop: the first 8 bytes of the job identifier's MD5, each as character
 * 32 + b mod 94.
 * @see MiP, "Identifiers": `354887_1_20_2009__18_4_26_mig-1.imada.sdu.dk.0` gives `^HbD)GJo`
 */
export function deriveToken(jobId: string): string {
  return mapDigest(jobId, (byte) => 32 + (byte % 94));
}

/**
 * The variant that the released programs compute: c = 32 + b, a third of it above 251, half of it above 126.
 */
export function deriveShippedToken(jobId: string): string {
  return mapDigest(jobId, (byte) => {
    const code = 32 + byte;
    if (code > 251) return Math.floor(code / 3);
    return code > 126 ? Math.floor(code / 2) : code;
  });
}

function mapDigest(jobId: string, toCode: (byte: number) => number): string {
  const digest = createHash("md5").update(jobId, "utf8").digest().subarray(0, TOKEN_LENGTH);
  return String.fromCharCode(...Array.from(digest, toCode));
}
