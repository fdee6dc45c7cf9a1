import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { CustomFetch } from "openid-client";
import { hasFewJsonMarks, unbracketHost, type Clock } from "../../../../protocol/index.ts";
import { isLoopbackHost } from "../loopback.ts";
import { OpenIdFault } from "./openid-fault.ts";

const ANSWER_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 262_144;
/** Brackets, commas and strings of an answer: JSON costs by these. */
const MAX_ANSWER_MARKS = 16_384;
const MAX_REQUESTS = 64;
/** Answers with these have no body. */
const EMPTY = new Set([204, 205, 304]);

export interface OpenIdTransport {
  /** PEM; undefined: the authorities that Node knows. */
  readonly ca: string | undefined;
  /** Plain HTTP to this computer is allowed. */
  readonly insecure: boolean;
  readonly clock: Clock;
}

/** Requests to one provider: bounded in time, bytes and number, and never redirected. */
export function makeOpenIdFetch(transport: OpenIdTransport): CustomFetch {
  let running = 0;
  return async (address, request) => {
    const url = new URL(address);
    if (!isAllowedAddress(url, transport.insecure)) throw new OpenIdFault("address", url.origin);
    if (running >= MAX_REQUESTS) throw new OpenIdFault("busy");
    running += 1;
    const abort = new AbortController();
    const stop = transport.clock.after(ANSWER_TIMEOUT_MS, () => {
      abort.abort();
    });
    try {
      return await send(url, request, { ...transport, signal: abort.signal });
    } catch (error) {
      throw abort.signal.aborted ? new OpenIdFault("slow") : error;
    } finally {
      stop();
      running -= 1;
    }
  };
}

/** https, or, where it is allowed, plain HTTP that does not leave this computer. */
export function isAllowedAddress({ protocol, hostname }: URL, insecure: boolean): boolean {
  if (protocol === "https:") return true;
  return protocol === "http:" && insecure && isLoopbackHost(unbracketHost(hostname));
}

async function send(
  url: URL,
  { method, headers, body }: Parameters<CustomFetch>[1],
  { ca, signal }: OpenIdTransport & { readonly signal: AbortSignal },
): Promise<Response> {
  const program = url.protocol === "https:" ? https : http;
  const request = program.request(url, {
    method,
    headers,
    agent: false,
    signal,
    ...(ca !== undefined && { ca }),
  });
  // What fails after the response has begun is an error of the response.
  request.on("error", () => undefined);
  const answered = once(request, "response") as Promise<[http.IncomingMessage]>;
  request.end(bodyText(body));
  const [response] = await answered;
  const status = response.statusCode ?? 0;
  const bytes = await readAll(response);
  return new Response(EMPTY.has(status) ? null : new Uint8Array(bytes), {
    status,
    // What else it says is not looked at: a challenge in words of its own would hide the error in the body.
    headers: { "content-type": response.headers["content-type"] ?? "" },
  });
}

async function readAll(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > MAX_ANSWER_BYTES) throw new OpenIdFault("large");
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (!hasFewJsonMarks(bytes, MAX_ANSWER_MARKS)) throw new OpenIdFault("large");
  return bytes;
}

function bodyText(body: Parameters<CustomFetch>[1]["body"]): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string" || body instanceof URLSearchParams) return String(body);
  throw new TypeError("openid-client sends forms");
}
