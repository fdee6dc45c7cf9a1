import type { Socket } from "node:net";
import {
  checkLength,
  CLIENT_MESSAGE_LIMITS,
  ClientMessageType,
  Conversation,
  Encoding,
  encodeServerInit,
  encodeUpdate,
  makePixelWriter,
  NATIVE_FORMAT,
  ProtocolError,
  TileSet,
  FrameDecoder,
  exchangeVersions,
  negotiateSecurity,
  parseAll,
  readClientInit,
  readPixelFormat,
  readSetEncodings,
  SecurityType,
  sendSecurityOk,
  type Clock,
  identifyClientMessage,
  type Canvas,
  type Grammar,
  type PixelWriter,
  type Rectangle,
} from "../../protocol/index.ts";

/** The longest message that a Postern server forwards. */
const MAX_MESSAGE_BYTES = 8 + CLIENT_MESSAGE_LIMITS.clientCutText;
const HANDSHAKE_LIMITS = { deadlineMs: 10_000, maxBytes: 64 } as const;

interface ViewerInput {
  typeKey(keysym: number): void;
  movePointer(x: number, y: number, buttons: number): void;
}

/** One viewer of the demo desktop, from the handshake on. The caller owns the socket. */
export class DemoViewer {
  readonly #socket: Socket;
  readonly #canvas: Canvas;
  readonly #input: ViewerInput;
  readonly #unsent: TileSet;
  #writer: PixelWriter = makePixelWriter(NATIVE_FORMAT);
  #encoding: typeof Encoding.raw | typeof Encoding.hextile = Encoding.raw;
  /** What the viewer asked for and has not got. */
  #wanted: Rectangle | undefined;
  #writing = false;

  constructor(socket: Socket, canvas: Canvas, input: ViewerInput) {
    this.#socket = socket;
    this.#canvas = canvas;
    this.#input = input;
    this.#unsent = new TileSet(canvas.width, canvas.height);
  }

  /** The handshake, then messages until the socket ends. @throws the handshake's errors */
  async serve(name: string, clock: Clock): Promise<void> {
    const peer = new Conversation(this.#socket, HANDSHAKE_LIMITS, clock);
    try {
      const version = await exchangeVersions(peer);
      const type = await negotiateSecurity(peer, version, [SecurityType.none]);
      await sendSecurityOk(peer, version, type);
      await readClientInit(peer);
      const { width, height } = this.#canvas;
      await peer.write(encodeServerInit({ width, height, pixelFormat: NATIVE_FORMAT, name }));
    } finally {
      peer.release();
    }
    const decoder = new FrameDecoder(demoClientMessage, (message) => {
      this.#receive(message);
    });
    this.#socket.on("data", (chunk: Buffer) => {
      try {
        decoder.push(chunk);
      } catch (error) {
        this.#socket.destroy(error instanceof Error ? error : undefined);
      }
    });
  }

  /** Marks these tiles as changed and sends what is wanted. */
  show(changes: TileSet): void {
    this.#unsent.add(changes);
    this.#send();
  }

  #receive(message: Buffer): void {
    switch (message.readUInt8(0)) {
      case ClientMessageType.setPixelFormat: {
        const format = parseAll(readPixelFormat(), message.subarray(4));
        if (!("value" in format)) return;
        if (!format.value.trueColour)
          throw new ProtocolError("RFB_PIXEL_FORMAT", "colour maps are not served");
        this.#writer = makePixelWriter(format.value);
        return;
      }
      case ClientMessageType.setEncodings:
        this.#encoding = readSetEncodings(message).includes(Encoding.hextile)
          ? Encoding.hextile
          : Encoding.raw;
        return;
      case ClientMessageType.framebufferUpdateRequest: {
        const [x, y, width, height] = [2, 4, 6, 8].map((at) => message.readUInt16BE(at)) as [
          ...[number, number, number, number],
        ];
        this.#wanted = { x, y, width, height };
        if (message.readUInt8(1) === 0) this.#unsent.markArea(this.#wanted);
        this.#send();
        return;
      }
      case ClientMessageType.keyEvent:
        if (message.readUInt8(1) !== 0) this.#input.typeKey(message.readUInt32BE(4));
        return;
      case ClientMessageType.pointerEvent:
        this.#input.movePointer(message.readUInt16BE(2), message.readUInt16BE(4), message.readUInt8(1));
        return;
    }
  }

  /**
   * One update at a time: the next is encoded when the kernel has taken the last, so a slow viewer gets fewer of them.
   */
  #send(): void {
    if (this.#wanted === undefined || this.#writing || this.#socket.destroyed) return;
    const rectangles = this.#unsent.take(this.#wanted);
    if (rectangles.length === 0) return;
    this.#wanted = undefined;
    this.#writing = true;
    this.#socket.write(encodeUpdate(this.#canvas, rectangles, this.#encoding, this.#writer), () => {
      this.#writing = false;
      this.#send();
    });
  }
}

/** One whole message of a viewer, of whatever type. @throws ProtocolError `RFB_CLIENT_MESSAGE` */
export function* demoClientMessage(): Grammar<Buffer> {
  let wire = Buffer.from(yield 1);
  let message = identifyClientMessage(wire, 0);
  if (message === undefined) {
    wire = Buffer.concat([wire, yield 1]);
    message = identifyClientMessage(wire, 0);
  }
  if (message === undefined) throw new Error("two bytes tell every message");
  if (message.headBytes > wire.length) wire = Buffer.concat([wire, yield message.headBytes - wire.length]);
  const length = message.measure(wire, 0);
  checkLength(length, MAX_MESSAGE_BYTES, message.name);
  const rest = length - wire.length;
  return rest > 0 ? Buffer.concat([wire, yield rest]) : wire;
}
