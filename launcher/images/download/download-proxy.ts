import { unbracketHost, LaunchError } from "../../../protocol/index.ts";
import { request as httpRequest } from "node:http";
import { isIP } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { Duplex } from "node:stream";

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy that the environment names for an address, as curl and wget interpret it; null: none. */
export function chooseProxy(address: URL, environment: Environment): URL | null {
  const read = (name: string): string | undefined => environment[name] ?? environment[name.toUpperCase()];
  if (isExempt(address.hostname, read("no_proxy") ?? "")) return null;
  const named =
    (address.protocol === "https:" ? read("https_proxy") : read("http_proxy")) ?? read("all_proxy");
  if (named === undefined || named === "") return null;
  const text = named.includes("://") ? named : `http://${named}`;
  if (!URL.canParse(text) || new URL(text).protocol !== "http:")
    throw new LaunchError("DOWNLOAD_PROXY", "The environment's proxy is no http:// address.");
  return new URL(text);
}

/** `no_proxy`: names with their sub-domains, separated by commas; `*` is everything. */
function isExempt(host: string, list: string): boolean {
  const bare = unbracketHost(host).toLowerCase();
  return list.split(",").some((part) => {
    const name = part
      .trim()
      .toLowerCase()
      .replace(/^\*?\./, "");
    return name === "*" || (name !== "" && (bare === name || bare.endsWith(`.${name}`)));
  });
}

/** The header that authenticates to the proxy. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === "") return {};
  const words = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(words).toString("base64")}` };
}

/** A TLS connection through CONNECT. @throws LaunchError `DOWNLOAD_PROXY` */
export function openProxyTunnel(proxy: URL, address: URL, signal: AbortSignal): Promise<Duplex> {
  const host = unbracketHost(address.hostname);
  const authority = `${address.hostname}:${address.port || "443"}`;
  return new Promise((resolve, reject) => {
    const asking = httpRequest({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: "CONNECT",
      path: authority,
      signal,
      headers: { host: authority, ...proxyHeaders(proxy) },
    });
    asking.on("error", reject);
    asking.once("connect", (response, socket) => {
      if (response.statusCode === 200) {
        const servername = isIP(host) === 0 ? { servername: host } : {};
        const tunnel = tlsConnect({ socket, host, ...servername, ALPNProtocols: ["http/1.1"] });
        // Until the tunnel is open nothing else listens for its errors.
        tunnel.once("error", reject);
        tunnel.once("secureConnect", () => {
          tunnel.off("error", reject);
          resolve(tunnel);
        });
        return;
      }
      socket.destroy();
      const text = `The proxy ${proxy.host} answered ${response.statusCode ?? "nothing"} to the request for ${authority}.`;
      reject(new LaunchError("DOWNLOAD_PROXY", text));
    });
    asking.end();
  });
}
