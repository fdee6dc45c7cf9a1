/** One TCP segment over IPv4. */
export interface TcpSegment {
  /** "ADDRESS:PORT". */
  readonly from: string;
  readonly to: string;
  readonly seq: number;
  readonly flags: {
    readonly syn: boolean;
    readonly ack: boolean;
    readonly fin: boolean;
    readonly rst: boolean;
  };
  readonly payload: Buffer;
}

const FILE_HEAD = 24;
const PACKET_HEAD = 16;
/** Linux cooked capture, version 2: what "any" gives. */
const LINUX_SLL2 = 276;
const SLL2_HEAD = 20;
const IPV4 = 0x0800;
const TCP = 6;

/** Reads what tcpdump writes, piece by piece. @throws Error for a format that it does not know, or a packet that was cut */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  push(chunk: Buffer): TcpSegment[] {
    let input = Buffer.concat([this.#rest, chunk]);
    if (!this.#begun && input.length >= FILE_HEAD) {
      if (input.readUInt32LE(0) !== 0xa1b2c3d4 || input.readUInt32LE(20) !== LINUX_SLL2)
        throw new Error(`an unknown capture: ${input.toString("hex", 0, FILE_HEAD)}`);
      this.#begun = true;
      input = input.subarray(FILE_HEAD);
    }
    const segments: TcpSegment[] = [];
    while (this.#begun && input.length >= PACKET_HEAD) {
      const [kept, whole] = [input.readUInt32LE(8), input.readUInt32LE(12)];
      if (kept !== whole) throw new Error(`a packet of ${whole} bytes was cut to ${kept}`);
      if (input.length < PACKET_HEAD + kept) break;
      const segment = readSegment(input.subarray(PACKET_HEAD, PACKET_HEAD + kept));
      if (segment) segments.push(segment);
      input = input.subarray(PACKET_HEAD + kept);
    }
    this.#rest = Buffer.from(input);
    return segments;
  }
}

function readSegment(frame: Buffer): TcpSegment | undefined {
  if (frame.readUInt16BE(0) !== IPV4) return undefined;
  const packet = frame.subarray(SLL2_HEAD);
  if (packet.readUInt8(9) !== TCP) return undefined;
  const headBytes = (packet.readUInt8(0) & 0x0f) * 4;
  // A segment that the sender's network card is to cut may say 0.
  const length = packet.readUInt16BE(2) || packet.length;
  const tcp = packet.subarray(headBytes, length);
  const flags = tcp.readUInt8(13);
  const address = (at: number, port: number): string =>
    `${packet.subarray(at, at + 4).join(".")}:${tcp.readUInt16BE(port)}`;
  return {
    from: address(12, 0),
    to: address(16, 2),
    seq: tcp.readUInt32BE(4),
    flags: { fin: (flags & 1) > 0, syn: (flags & 2) > 0, rst: (flags & 4) > 0, ack: (flags & 16) > 0 },
    payload: tcp.subarray((tcp.readUInt8(12) >> 4) * 4),
  };
}
