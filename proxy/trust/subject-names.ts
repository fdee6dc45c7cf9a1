import { unbracketHost, ConfigError } from "../../protocol/index.ts";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** What every server may be called on its own machine. */
const LOCAL_NAMES = ["localhost", "127.0.0.1", "::1"];
/** "Any address" is where a server listens, never what it is called. */
const UNSPECIFIED = ["0.0.0.0", "::"];

const DNS_LABELS = /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/;

/**
 * The names of a server's certificate: the configured hosts and the local ones, each once. Nothing is asked of the machine.
 * @throws ConfigError `HOST_INVALID`
 */
export function listSubjectNames(hosts: readonly string[]): string[] {
  const names = hosts.map(normalizeHost).filter((name) => !UNSPECIFIED.includes(name));
  return [...new Set([...names, ...LOCAL_NAMES])];
}

function normalizeHost(host: string): string {
  const address = unbracketHost(host);
  if (isIP(address) === 4) return address;
  if (isIP(address) === 6) return formatAddress(address);
  const name = domainToASCII(host).toLowerCase();
  if (name.length > 0 && name.length <= 253 && DNS_LABELS.test(name)) return name.replace(/\.$/, "");
  throw new ConfigError("HOST_INVALID", `“${host}” is neither a host name nor an IP address.`, {
    safeMessage: "The server's address is wrong.",
  });
}

/** One spelling for each IPv6 address; a zone names an interface of this machine and is left out. */
function formatAddress(address: string): string {
  const bare = address.split("%")[0] ?? address;
  return new URL(`http://[${bare}]`).hostname.slice(1, -1);
}

/** 4 or 16 bytes in network order. */
export function packAddress(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = formatAddress(address).split("::");
  const before = splitGroups(head);
  const after = splitGroups(tail ?? "");
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  return bytes;
}

function splitGroups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
