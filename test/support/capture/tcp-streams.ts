import type { TcpSegment } from "./packet-reader.ts";

/** Both directions of a connection that was seen from its first packet on. */
export interface TcpStream {
  /** "ADDRESS:PORT". */
  readonly client: string;
  readonly server: string;
  readonly isOver: boolean;
  /** All bytes from the client. @throws Error when some are missing in the middle */
  sent(): Buffer;
  received(): Buffer;
}

/** Puts segments together again, whatever their order, and however often each was seen. */
export class TcpStreams {
  readonly all: CapturedConnection[] = [];
  readonly #live = new Map<string, CapturedConnection>();

  add(segment: TcpSegment): void {
    const { from, to, seq, flags } = segment;
    if (flags.syn && !flags.ack && this.#live.get(`${from} ${to}`)?.begins(seq) !== true) {
      const connection = new CapturedConnection(from, to, seq);
      this.all.push(connection);
      this.#live.set(`${from} ${to}`, connection).set(`${to} ${from}`, connection);
    }
    this.#live.get(`${from} ${to}`)?.add(segment);
  }
}

class CapturedConnection implements TcpStream {
  readonly client: string;
  readonly server: string;
  readonly #up: Direction;
  readonly #down = new Direction();
  #reset = false;

  constructor(client: string, server: string, seq: number) {
    this.client = client;
    this.server = server;
    this.#up = new Direction(seq);
  }

  begins(seq: number): boolean {
    return this.#up.first === seq;
  }

  add({ from, seq, flags, payload }: TcpSegment): void {
    const direction = from === this.client ? this.#up : this.#down;
    if (flags.syn) direction.first = seq;
    if (flags.rst) this.#reset = true;
    if (flags.fin) direction.ended = true;
    if (payload.length > 0) direction.add(seq, payload);
  }

  get isOver(): boolean {
    return this.#reset || (this.#up.ended && this.#down.ended);
  }

  sent(): Buffer {
    return this.#up.join();
  }

  received(): Buffer {
    return this.#down.join();
  }
}

class Direction {
  first: number | undefined;
  ended = false;
  readonly #pieces: { readonly at: number; readonly bytes: Buffer }[] = [];

  constructor(first?: number) {
    this.first = first;
  }

  add(seq: number, bytes: Buffer): void {
    const at = (seq - this.first! - 1) >>> 0;
    // A keep-alive repeats the byte before the first.
    if (at < 0x8000_0000) this.#pieces.push({ at, bytes: Buffer.from(bytes) });
  }

  join(): Buffer {
    const parts: Buffer[] = [];
    let end = 0;
    for (const { at, bytes } of this.#pieces.sort((a, b) => a.at - b.at)) {
      if (at > end) throw new Error(`bytes ${end} to ${at} of a stream were not captured`);
      if (at + bytes.length <= end) continue;
      parts.push(bytes.subarray(end - at));
      end = at + bytes.length;
    }
    return Buffer.concat(parts);
  }
}
