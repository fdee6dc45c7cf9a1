import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { describeError, LaunchError } from "../../../protocol/index.ts";
import { chooseProxy, openProxyTunnel, proxyHeaders } from "../../images/download/download-proxy.ts";
import { MAX_SCRIPT_BYTES } from "../plan-scripts.ts";
import { quoteText, scriptError } from "../script-error.ts";
import { lookupPublicAddress, refuseNonPublicAddress } from "./non-public-addresses.ts";

const MAX_SCRIPT_REDIRECTS = 5;

export interface FetchScriptOptions {
  /** Where `http_proxy`, `https_proxy` and `no_proxy` are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `HOST` or `HOST:PORT` that may be contacted although they are this host or its neighbours. */
  readonly allowHosts: readonly string[];
  /** Aborts it, also after a timeout. */
  readonly signal: AbortSignal;
}

/**
 * Fetches a script by HTTP or HTTPS.
 * @throws LaunchError `SCRIPT_FETCH`, `SCRIPT_ADDRESS`, `SCRIPT_LONG`
 */
export async function fetchScript(url: string, options: FetchScriptOptions): Promise<string> {
  let address = readAddress(url);
  try {
    for (let redirects = 0; redirects <= MAX_SCRIPT_REDIRECTS; redirects += 1) {
      const response = await ask(address, options);
      const { location } = response.headers;
      if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
        return await readBody(address, response);
      response.destroy();
      const from = address;
      address = readAddress(URL.canParse(location, from.href) ? new URL(location, from.href).href : location);
      if (from.protocol === "https:" && address.protocol !== "https:")
        throw fetchError(from, "it leads from https to http");
    }
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    throw fetchError(address, options.signal.aborted ? "it took too long" : describeError(error), error);
  }
  throw fetchError(address, "one address leads to the next without an end");
}

function readAddress(text: string): URL {
  const address = URL.canParse(text) ? new URL(text) : null;
  if (address?.protocol === "http:" || address?.protocol === "https:") return address;
  throw scriptError("SCRIPT_FETCH", `${quoteText(text)} is no http or https address.`);
}

async function ask(address: URL, options: FetchScriptOptions): Promise<IncomingMessage> {
  const { environment, allowHosts, signal } = options;
  const allowed = [address.hostname, address.host].some((host) => allowHosts.includes(host));
  if (!allowed) refuseNonPublicAddress(address.hostname);
  const common = {
    method: "GET",
    signal,
    agent: false as const,
    headers: { host: address.host, "accept-encoding": "identity", "user-agent": "postern" },
  };
  const proxy = chooseProxy(address, environment);
  if (proxy === null) {
    const send = address.protocol === "https:" ? httpsRequest : httpRequest;
    // A proxy resolves names itself; without one, what was looked up is checked.
    return answerOf(send(address, allowed ? common : { ...common, lookup: lookupPublicAddress }));
  }
  if (address.protocol === "http:") {
    const headers = { ...common.headers, ...proxyHeaders(proxy) };
    const target = { host: proxy.hostname, port: proxy.port || 80, path: address.href };
    return answerOf(httpRequest({ ...common, ...target, headers }));
  }
  const tunnel = await openProxyTunnel(proxy, address, signal);
  const path = address.pathname + address.search;
  return answerOf(httpRequest({ ...common, path, createConnection: () => tunnel }));
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.once("response", resolve);
    request.end();
  });
}

async function readBody(address: URL, response: IncomingMessage): Promise<string> {
  try {
    if (response.statusCode !== 200)
      throw fetchError(address, `the server answered ${response.statusCode ?? "nothing"}`);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_SCRIPT_BYTES)
        throw scriptError("SCRIPT_LONG", `A boot script may have at most ${MAX_SCRIPT_BYTES / 1024} KiB.`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } finally {
    response.destroy();
  }
}

function fetchError(address: URL, why: string, cause?: unknown): Error {
  // Without query and user: they may hold a secret.
  return scriptError(
    "SCRIPT_FETCH",
    `The boot script ${address.origin}${address.pathname} could not be fetched: ${why}.`,
    cause,
  );
}
