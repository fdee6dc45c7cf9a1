import { isIPv4, isIPv6, type Socket } from "node:net";
import {
  bytes,
  checkLength,
  Conversation,
  ProtocolError,
  u16,
  u8,
  type Clock,
  type Grammar,
} from "../../protocol/index.ts";
import { plainAddress, type ConnectionSource } from "../model/connection-source.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

const V1_START = "PROXY ";
/** The longest header of version 1, its line end included. */
const V1_MAX = 107;
const V2_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_MAX_BODY = 2_048;

const Command = { local: 0x20, proxy: 0x21 } as const;
const Family = { tcp4: 0x11, tcp6: 0x21 } as const;

/**
 * Reads the PROXY protocol header that a forwarder has to begin with; what follows it stays in the socket.
 * @returns the client's address; null: the forwarder speaks for itself
 * @throws ProtocolError `PROXY_HEADER`, PeerClosed, TimeoutError, LimitError
 */
export async function readForwardedSource(socket: Socket, clock: Clock): Promise<ConnectionSource | null> {
  const limits = { deadlineMs: PROXY_LIMITS.tlsHandshakeMs, maxBytes: PROXY_LIMITS.proxyHeaderBytes };
  const peer = new Conversation(socket, limits, clock);
  try {
    return await peer.read(proxyHeader());
  } finally {
    peer.release();
  }
}

/**
 * A PROXY protocol header, version 1 or 2: where the client behind the forwarder comes from. Null: the
 * forwarder speaks for itself (LOCAL, UNKNOWN), or names no TCP address.
 * @throws ProtocolError `PROXY_HEADER`, LimitError `LENGTH_LIMIT`
 * @see haproxy's proxy-protocol.txt, §2.1 and §2.2
 */
export function* proxyHeader(): Grammar<ConnectionSource | null> {
  const start = Buffer.from(yield V1_START.length);
  if (start.toString("latin1") === V1_START) return readLine(yield* line(V1_MAX - V1_START.length));
  const signature = Buffer.concat([start, yield V2_SIGNATURE.length - start.length]);
  if (!signature.equals(V2_SIGNATURE)) throw refuse("no header of the PROXY protocol");
  return yield* binaryHeader();
}

/** Up to CR LF, which is not part of the value. */
function* line(max: number): Grammar<string> {
  let text = "";
  while (!text.endsWith("\r\n")) {
    if (text.length === max) throw refuse("a line that is too long");
    text += String.fromCharCode(yield* u8());
  }
  return text.slice(0, -2);
}

function readLine(text: string): ConnectionSource | null {
  const [family, address = "", , port = "", targetPort = "", ...rest] = text.split(" ");
  if (family === "UNKNOWN") return null;
  const valid = family === "TCP4" ? isIPv4(address) : family === "TCP6" && isIPv6(address);
  if (!valid || rest.length > 0 || !isPort(port) || !isPort(targetPort)) throw refuse("a malformed line");
  return { address: plainAddress(address), port: Number(port) };
}

function* binaryHeader(): Grammar<ConnectionSource | null> {
  const command = yield* u8();
  const family = yield* u8();
  const length = yield* u16();
  checkLength(length, V2_MAX_BODY, "PROXY header");
  const body = yield* bytes(length);
  if (command === Command.local) return null;
  if (command !== Command.proxy) throw refuse(`version and command ${command}`);
  if (family === Family.tcp4) {
    if (length < 12) throw refuse("too short for IPv4");
    return { address: body.subarray(0, 4).join("."), port: body.readUInt16BE(8) };
  }
  if (family === Family.tcp6) {
    if (length < 36) throw refuse("too short for IPv6");
    const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(2 * index).toString(16));
    return { address: plainAddress(groups.join(":")), port: body.readUInt16BE(32) };
  }
  return null;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

function refuse(what: string): ProtocolError {
  return new ProtocolError("PROXY_HEADER", `a forwarder sent ${what}`);
}
