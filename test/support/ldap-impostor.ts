import { readFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { TestCertificate } from "./certificate-files.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";

/** X.690: tag, length, content. */
export function ber(tag: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((one) => Buffer.from(one)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([Buffer.from([tag, 0x84]), length, content]);
}

const integer = (tag: number, value: number): Buffer => ber(tag, Buffer.from([value]));
const octets = (text: string): Buffer => ber(0x04, text);

export const OP = { bind: 0x61, entry: 0x64, done: 0x65, reference: 0x73, extended: 0x78 } as const;

export function ldapAnswer(id: number, operation: Buffer): Buffer {
  return ber(0x30, integer(0x02, id), operation);
}

/** A bindResponse, searchResDone or extendedResp. */
export function ldapResult(op: number, code: number, diagnostic = ""): Buffer {
  return ber(op, integer(0x0a, code), octets(""), octets(diagnostic));
}

export function ldapEntry(dn: string, attributes: Readonly<Record<string, readonly string[]>>): Buffer {
  const list = Object.entries(attributes).map(([name, values]) =>
    ber(0x30, octets(name), ber(0x31, ...values.map(octets))),
  );
  return ber(OP.entry, octets(dn), ber(0x30, ...list));
}

export interface ImpostorRequest {
  readonly id: number;
  readonly kind: "bind" | "search" | "startTls" | "other";
  readonly bytes: Buffer;
}

export interface LdapImpostor {
  readonly port: number;
  readonly connections: number;
  /** Connections that are still open. */
  readonly open: number;
  /** All that came outside of TLS. */
  received(): Buffer;
  /** All requests that it could read, inside and outside of TLS. */
  readonly requests: readonly ImpostorRequest[];
}

interface Speaker {
  /** Bytes as they are. */
  send(bytes: Buffer): void;
  /** What comes from now on is TLS. */
  startTls(): void;
  readonly stream: Duplex;
}

interface ImpostorOptions {
  readonly certificate?: TestCertificate;
  /** From the first byte on. */
  readonly tls?: boolean;
  readonly onConnect?: (speaker: Speaker) => void;
  readonly onRequest?: (request: ImpostorRequest, speaker: Speaker) => void;
}

/** A server that speaks as much LDAP as a test lets it, right or wrong. It keeps every byte that it gets. */
export async function startLdapImpostor(
  cleanup: CleanupStack,
  options: ImpostorOptions,
): Promise<LdapImpostor> {
  const { certificate, tls = false, onConnect, onRequest } = options;
  const [cert, key] = await Promise.all(
    certificate === undefined ? [] : [readFile(certificate.cert), readFile(certificate.key)],
  );
  const sockets = new Set<Socket>();
  const received: Buffer[] = [];
  const requests: ImpostorRequest[] = [];
  let connections = 0;

  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    let stream: Duplex = socket;
    const wrap = (): void => {
      socket.removeAllListeners("data");
      stream = new TLSSocket(socket, { isServer: true, ...(cert && key && { cert, key }) });
      stream.on("error", () => undefined);
      read(false);
    };
    const speaker: Speaker = {
      send: (bytes) => void stream.write(bytes),
      startTls: wrap,
      get stream() {
        return stream;
      },
    };
    const read = (plain: boolean): void => {
      let waiting = Buffer.alloc(0);
      stream.on("data", (chunk: Buffer) => {
        if (plain) received.push(chunk);
        waiting = Buffer.concat([waiting, chunk]);
        for (let length = lengthOf(waiting); length <= waiting.length; length = lengthOf(waiting)) {
          const request = describeRequest(waiting.subarray(0, length));
          waiting = waiting.subarray(length);
          requests.push(request);
          onRequest?.(request, speaker);
        }
      });
    };
    if (tls) wrap();
    else read(true);
    onConnect?.(speaker);
  });
  const port = await listenOnLoopback(cleanup, server, sockets);
  return {
    port,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    received: () => Buffer.concat(received),
  };
}

/** Of the first message with its header; infinite where that is not there yet, or is none. */
function lengthOf(bytes: Buffer): number {
  if (bytes.length < 2 || bytes[0] !== 0x30) return Infinity;
  const first = bytes.readUInt8(1);
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  return bytes.length < 2 + size ? Infinity : 2 + size + bytes.readUIntBE(2, size);
}

function describeRequest(bytes: Buffer): ImpostorRequest {
  const start = bytes.readUInt8(1) < 0x80 ? 2 : 2 + (bytes.readUInt8(1) & 0x7f);
  const idLength = bytes.readUInt8(start + 1);
  const id = bytes.readUIntBE(start + 2, idLength);
  const op = bytes.readUInt8(start + 2 + idLength);
  const kind = op === 0x60 ? "bind" : op === 0x63 ? "search" : op === 0x77 ? "startTls" : "other";
  return { id, kind, bytes: Buffer.from(bytes) };
}
