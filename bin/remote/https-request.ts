import { createHash, X509Certificate } from "node:crypto";
import https from "node:https";
import { z } from "zod";
import { ConfigError } from "../../protocol/index.ts";

/** Of an answer: lists of machines and the audit log are the longest. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 60_000;

export interface HttpsQuestion {
  readonly method: string;
  /** `https://HOST[:PORT]`; its path is passed over. */
  readonly url: string;
  readonly path: string;
  readonly body?: unknown;
  /** PEM; null: what this machine trusts anyway. */
  readonly ca: string | null;
  /** Null: nobody is signed in yet. */
  readonly token: string | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** Asks a server's REST API over TLS. The server's certificate is checked, name and all, before the token goes out. */
export function askOverHttps({ method, url, path, body, ca, token }: HttpsQuestion): Promise<HttpAnswer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return exchange(
    new URL(path, url),
    {
      method,
      ...(ca !== null && { ca }),
      headers: {
        // A request without a token has to come from the server's own pages, or say that it is none of another's.
        ...(token === null ? { origin: new URL(url).origin } : { authorization: `Bearer ${token}` }),
        ...(payload !== undefined && { "content-type": "application/json" }),
      },
    },
    payload,
  );
}

/**
 * The certificate authority of a server, by its fingerprint: what an unchecked connection brings counts only if it is that very
 * certificate.
 * @throws ConfigError `FINGERPRINT_WRONG`
 */
export async function fetchAuthority(url: string, fingerprint: string): Promise<string> {
  const { text } = await exchange(new URL("/api/v1/ca", url), { method: "GET", rejectUnauthorized: false });
  const wanted = fingerprint.replaceAll(":", "").toLowerCase();
  const certificate = readCertificate(text);
  // Only this one: whatever else came with it was not checked.
  if (certificate !== null && fingerprintsOf(certificate).includes(wanted)) return certificate.toString();
  throw new ConfigError(
    "FINGERPRINT_WRONG",
    "The server has another fingerprint. Ask its administrator for the right one: somebody may stand in between.",
  );
}

function readCertificate(text: string): X509Certificate | null {
  try {
    return new X509Certificate(z.object({ certificate: z.string() }).parse(JSON.parse(text)).certificate);
  } catch {
    return null;
  }
}

/** Of the whole certificate and of its key: either may be what was told. */
function fingerprintsOf(certificate: X509Certificate): string[] {
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return [certificate.raw, key].map((bytes) => createHash("sha256").update(bytes).digest("hex"));
}

function exchange(url: URL, options: https.RequestOptions, payload?: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const request = https.request(url, { ...options, agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) response.destroy(new Error("the answer is too large"));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 500, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
    request.on("error", reject);
    request.end(payload);
  });
}
