import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { AddressRanges } from "../limits/address-ranges.ts";
import { plainAddress, type ConnectionSource } from "../model/connection-source.ts";
import { readSocketSource } from "./tcp-listener.ts";

/** Reverse proxies in a row that are followed back; more than any real set-up has. */
const MAX_HOPS = 16;
/** `192.0.2.7`, `192.0.2.7:443`, `2001:db8::7`, `[2001:db8::7]:443`. */
const FORMS = [/^\[([^\]]+)\](?::\d+)?$/, /^(\d+\.\d+\.\d+\.\d+):\d+$/, /^(.+)$/];

/**
 * Where an HTTP request comes from. Only what a trusted reverse proxy has written counts: X-Forwarded-For is read from its end, and
 * the first address that is no trusted reverse proxy's is the requester's. What precedes it may be forged.
 * @returns null on a Unix socket, or when the connection is gone; port 0: not known
 */
export function requesterOf(
  request: IncomingMessage,
  trustedProxies: AddressRanges,
): ConnectionSource | null {
  const peer = readSocketSource(request.socket);
  if (!peer || !trustedProxies.contains(peer.address)) return peer;
  let found = peer;
  for (const entry of listForwarded(request).slice(-MAX_HOPS).reverse()) {
    const address = readAddress(entry);
    if (address === null) break;
    found = { address, port: 0 };
    if (!trustedProxies.contains(address)) break;
  }
  return found;
}

/** All lines of the header, as one list. */
function listForwarded({ headers }: IncomingMessage): string[] {
  const value = headers["x-forwarded-for"];
  const text = Array.isArray(value) ? value.join(",") : (value ?? "");
  return text === "" ? [] : text.split(",");
}

function readAddress(entry: string): string | null {
  const text = entry.trim();
  const address = FORMS.map((form) => form.exec(text)?.[1]).find((match) => match !== undefined);
  return address !== undefined && isIP(address) !== 0 ? plainAddress(address) : null;
}
