import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { LaunchError } from "../../../protocol/index.ts";
import { chooseProxy, openProxyTunnel, proxyHeaders } from "./download-proxy.ts";

const MAX_REDIRECTS = 5;
/** Idle timeout of a server. */
const DOWNLOAD_IDLE_MS = 30_000;

interface HttpRequestOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * GET, following redirects. The caller reads or destroys the answer.
 * @throws LaunchError `DOWNLOAD_ADDRESS`, `DOWNLOAD_REDIRECTS`, `DOWNLOAD_PROXY`; the system's errors
 */
export async function httpGet(start: URL, options: HttpRequestOptions): Promise<IncomingMessage> {
  let address = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await ask(address, options);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
      return response;
    response.destroy();
    address = follow(address, location);
  }
  throw new LaunchError(
    "DOWNLOAD_REDIRECTS",
    `${start.href} leads from one address to the next without an end.`,
  );
}

function follow(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  const protocols = from.protocol === "https:" ? ["https:"] : ["http:", "https:"];
  if (to !== null && protocols.includes(to.protocol)) return to;
  const text = `${from.href} leads to ${location}, which is no address to follow from there.`;
  throw new LaunchError("DOWNLOAD_ADDRESS", text);
}

async function ask(
  address: URL,
  { headers, environment, signal }: HttpRequestOptions,
): Promise<IncomingMessage> {
  const proxy = chooseProxy(address, environment);
  const common = {
    method: "GET",
    headers: { ...headers, host: address.host },
    signal,
    agent: false as const,
  };
  if (proxy !== null && address.protocol === "http:") {
    const target = { host: proxy.hostname, port: proxy.port || 80, path: address.href };
    const all = { ...common.headers, ...proxyHeaders(proxy) };
    return answer(httpRequest({ ...common, ...target, headers: all }));
  }
  if (proxy === null) {
    const send = address.protocol === "https:" ? httpsRequest : httpRequest;
    return answer(send(address, common));
  }
  const tunnel = await openProxyTunnel(proxy, address, signal);
  const path = address.pathname + address.search;
  return answer(httpRequest({ ...common, path, createConnection: () => tunnel }));
}

function answer(request: ReturnType<typeof httpRequest>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.setTimeout(DOWNLOAD_IDLE_MS, () => {
      request.destroy(new Error("the server says nothing"));
    });
    request.on("error", reject);
    request.once("response", resolve);
    request.end();
  });
}
