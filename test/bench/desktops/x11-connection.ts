// As much of X11 as it takes to draw on the root window: no display library is needed for a few rectangles.
import { once } from "node:events";
import net from "node:net";
import { type StreamGrammar, StreamWalker } from "../stream/stream-walker.ts";

const Opcode = {
  getInputFocus: 43,
  openFont: 45,
  createPixmap: 53,
  createGC: 55,
  changeGC: 56,
  polyFillRectangle: 70,
  putImage: 72,
  imageText8: 76,
} as const;

/** Bits of a graphics context's value mask, in the order of the values. */
const ContextBit = {
  foreground: 0x4,
  background: 0x8,
  fillStyle: 0x100,
  tile: 0x400,
  tileX: 0x1000,
  tileY: 0x2000,
  font: 0x4000,
} as const;
export type ContextValues = Partial<Readonly<Record<keyof typeof ContextBit, number>>>;

export const TILED = 1;
const Z_PIXMAP = 2;
const BYTES_PER_PIXEL = 4;
/** The longest request without an extension has 65,535 units of 4 bytes. */
const MAX_IMAGE_BYTES = 4 * 65_535 - 24;
const MAX_TEXT_CHARS = 255;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface ScreenSetup {
  readonly firstId: number;
  readonly root: number;
  readonly depth: number;
  readonly width: number;
  readonly height: number;
}

export class X11Connection {
  readonly screen: ScreenSetup;
  readonly #socket: net.Socket;
  readonly #replies: (() => void)[];
  #nextId: number;

  private constructor(socket: net.Socket, screen: ScreenSetup, replies: (() => void)[]) {
    this.#socket = socket;
    this.screen = screen;
    this.#replies = replies;
    this.#nextId = screen.firstId;
  }

  /** @param display for example ":7" @throws Error in the server's words; a later error ends the process */
  static async open(display: string): Promise<X11Connection> {
    const socket = net.connect(`/tmp/.X11-unix/X${display.slice(1)}`);
    await once(socket, "connect");
    const replies: (() => void)[] = [];
    const screen = await new Promise<ScreenSetup>((resolve, reject) => {
      const walker = new StreamWalker(readServer({ onSetup: resolve, onReply: () => replies.shift()?.() }));
      socket.on("data", (chunk) => {
        try {
          walker.push(chunk);
        } catch (error) {
          reject(error as Error);
          socket.destroy(error as Error);
        }
      });
      socket.once("close", () => reject(new Error(`${display} closed the connection.`)));
      // Byte order, version 11.0, no authorization.
      socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    });
    return new X11Connection(socket, screen, replies);
  }

  /** @param data for the request's second byte @param body a multiple of 4 bytes */
  #request(opcode: number, data: number, ...body: Buffer[]): void {
    const head = Buffer.of(opcode, data, 0, 0);
    const bytes = body.reduce((sum, { length }) => sum + length, head.length);
    head.writeUInt16LE(bytes / 4, 2);
    this.#socket.write(Buffer.concat([head, ...body]));
  }

  #allocateId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  createPixmap(width: number, height: number): number {
    const id = this.#allocateId();
    this.#request(Opcode.createPixmap, this.screen.depth, u32(id, this.screen.root), u16(width, height));
    return id;
  }

  openFont(name: string): number {
    const id = this.#allocateId();
    this.#request(Opcode.openFont, 0, u32(id), u16(name.length, 0), padded(name));
    return id;
  }

  createContext(values: ContextValues): number {
    const id = this.#allocateId();
    this.#request(Opcode.createGC, 0, u32(id, this.screen.root, ...encodeValues(values)));
    return id;
  }

  changeContext(id: number, values: ContextValues): void {
    this.#request(Opcode.changeGC, 0, u32(id, ...encodeValues(values)));
  }

  fill(drawable: number, context: number, { x, y, width, height }: Rectangle): void {
    this.#request(Opcode.polyFillRectangle, 0, u32(drawable, context), u16(x, y, width, height));
  }

  /** @param y of the line that letters stand on; text of one byte for each character, of any length with `charWidth` */
  drawText(
    drawable: number,
    context: number,
    { text, x, y, charWidth }: { text: string; x: number; y: number; charWidth: number },
  ): void {
    for (let at = 0; at < text.length; at += MAX_TEXT_CHARS) {
      const part = text.slice(at, at + MAX_TEXT_CHARS);
      const place = u16(x + at * charWidth, y);
      this.#request(Opcode.imageText8, part.length, u32(drawable, context), place, padded(part));
    }
  }

  /** @param pixels 32 bits each, blue first, from the top left corner on */
  putImage(drawable: number, context: number, { width, height }: Rectangle, pixels: Buffer): void {
    const rowBytes = width * BYTES_PER_PIXEL;
    const rowsAtOnce = Math.floor(MAX_IMAGE_BYTES / rowBytes);
    for (let row = 0; row < height; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, height - row);
      const shape = [u32(drawable, context), u16(width, rows, 0, row), Buffer.of(0, this.screen.depth, 0, 0)];
      this.#request(
        Opcode.putImage,
        Z_PIXMAP,
        ...shape,
        pixels.subarray(row * rowBytes, (row + rows) * rowBytes),
      );
    }
  }

  /** Until all that was asked for is done. */
  async sync(): Promise<void> {
    const done = new Promise<void>((resolve) => this.#replies.push(resolve));
    this.#request(Opcode.getInputFocus, 0);
    await done;
  }
}

interface ServerEvents {
  readonly onSetup: (screen: ScreenSetup) => void;
  readonly onReply: () => void;
}

function* readServer({ onSetup, onReply }: ServerEvents): StreamGrammar {
  const head = yield 8;
  const status = head.readUInt8(0);
  const setup = yield 4 * head.readUInt16LE(6);
  if (status !== 1) throw new Error(`The X server refused: ${setup.toString("latin1")}`);
  onSetup(readSetup(setup));
  for (;;) {
    const message = yield 32;
    const kind = message.readUInt8(0);
    if (kind === 0)
      throw new Error(`X error ${message.readUInt8(1)} after the request ${message.readUInt8(10)}`);
    if (kind !== 1) continue;
    yield -4 * message.readUInt32LE(4);
    onReply();
  }
}

/** The first screen's part, after the vendor's name and the pixmap formats. */
function readSetup(setup: Buffer): ScreenSetup {
  const vendorBytes = Math.ceil(setup.readUInt16LE(16) / 4) * 4;
  const screen = setup.subarray(32 + vendorBytes + 8 * setup.readUInt8(21));
  return {
    firstId: setup.readUInt32LE(4),
    root: screen.readUInt32LE(0),
    width: screen.readUInt16LE(20),
    height: screen.readUInt16LE(22),
    depth: screen.readUInt8(38),
  };
}

function encodeValues(values: ContextValues): number[] {
  const given = Object.entries(ContextBit).flatMap(([name, bit]) => {
    const value = values[name as keyof typeof ContextBit];
    return value === undefined ? [] : [{ bit, value }];
  });
  return [given.reduce((mask, { bit }) => mask | bit, 0), ...given.map(({ value }) => value)];
}

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, 4 * index));
  return bytes;
}

/** Signed ones, too. */
function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16LE(value & 0xffff, 2 * index));
  return bytes;
}

function padded(text: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(text.length / 4) * 4);
  bytes.write(text, "latin1");
  return bytes;
}
