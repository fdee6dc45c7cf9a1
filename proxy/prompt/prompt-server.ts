import type { Duplex } from "node:stream";
import {
  bytes,
  Canvas,
  ClientMessageType,
  Conversation,
  encodeColourMap,
  encodeDesktopName,
  encodeDesktopSize,
  encodeExtendedDesktopSize,
  encodePixelFormat,
  encodeRectangle,
  encodeServerInit,
  encodeSetEncodings,
  encodeSetPixelFormat,
  encodeSizeRefusal,
  encodeUpdateHead,
  encodeUpdateRequest,
  Encoding,
  makePixelWriter,
  NATIVE_FORMAT,
  parseAll,
  PseudoEncoding,
  readPixelFormat,
  readSetEncodings,
  TILE,
  TileSet,
  TimeoutError,
  type Clock,
  type PictureEncoding,
  type PixelFormat,
  type Rectangle,
  type ServerInit,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { PaintSlices } from "./paint-slices.ts";
import { encodeArrow, encodeNoArrow } from "./pointer-shape.ts";
import { promptMessage } from "./prompt-message.ts";
import {
  findScreenChanges,
  findScreenTarget,
  paintScreen,
  SCREEN_PALETTE,
  SCREEN_SIZE,
  type ScreenLayout,
} from "./screen-layout.ts";
import type { PointerGesture, ScreenInput } from "./screen-state.ts";

interface PromptServerOptions {
  readonly stream: Duplex;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly slices: PaintSlices;
  readonly onInput: (input: ScreenInput) => void;
}

const NAME = "Postern";
const [LEFT_BUTTON, MIDDLE_BUTTON, WHEEL_UP, WHEEL_DOWN] = [1, 2, 8, 16];
const EMPTY_LAYOUT: ScreenLayout = { items: [], targets: [] };

/** One strip of the screen is painted at a time, so all screens share its memory. */
const STRIP = new Canvas(SCREEN_SIZE.width, TILE);

/**
 * A VNC server whose only screen is the sign-in screen, from ServerInit on. What it keeps of a viewer is what the screen says
 * and which tiles the viewer lacks: the picture itself is painted while it is sent.
 */
export class PromptServer {
  readonly #clock: Clock;
  readonly #slices: PaintSlices;
  readonly #onInput: (input: ScreenInput) => void;
  readonly #peer: Conversation;
  readonly #failed = new AbortController();
  readonly #unsent = new TileSet(SCREEN_SIZE.width, SCREEN_SIZE.height);
  #cancelIdle: () => void = () => undefined;
  #cancelFrame: (() => void) | null = null;
  #layout = EMPTY_LAYOUT;
  #format: PixelFormat = NATIVE_FORMAT;
  #hasColourMap = true;
  /** Null: the viewer has named none. */
  #encodings: readonly number[] | null = null;
  /** What the viewer asked for and has not got. */
  #wanted: Rectangle | null = null;
  #owesArrow = false;
  #owesSizeRefusal = false;
  #sending: Promise<void> | null = null;
  #buttons = 0;
  /** Bytes that had been read when the message began that is being read. */
  #messageBegin = 0;
  #isGivenUp = false;
  /** Called when a message was dealt with. */
  #onProgress: () => void = () => undefined;

  constructor({ stream, clock, signal, slices, onInput }: PromptServerOptions) {
    this.#clock = clock;
    this.#slices = slices;
    this.#onInput = onInput;
    const limits = { deadlineMs: PROXY_LIMITS.promptMs, maxBytes: PROXY_LIMITS.promptBytes };
    this.#peer = new Conversation(stream, limits, clock, AbortSignal.any([signal, this.#failed.signal]));
    this.#noteActivity();
  }

  /**
   * Talks to the viewer until it goes, or until {@link become}; then it never settles.
   * @throws PeerClosed, TimeoutError `HANDSHAKE_TIMEOUT`, LimitError, ProtocolError
   */
  async serve(): Promise<never> {
    await this.#peer.write(encodeServerInit({ ...SCREEN_SIZE, pixelFormat: NATIVE_FORMAT, name: NAME }));
    for (;;) {
      this.#messageBegin = this.#peer.bytesRead;
      this.#onProgress();
      const first = await this.#peer.read(bytes(1));
      this.#receive(await this.#peer.read(promptMessage(first)));
    }
  }

  /** From now on this is the screen. */
  show(layout: ScreenLayout): void {
    for (const area of findScreenChanges(this.#layout.items, layout.items)) this.#unsent.markArea(area);
    this.#layout = layout;
    this.#sendSoon();
  }

  /** Whether the viewer can be told of a screen of another size. */
  get canResize(): boolean {
    return this.#knows(PseudoEncoding.desktopSize) || this.#knows(PseudoEncoding.extendedDesktopSize);
  }

  /**
   * Tells the viewer that the screen is another one now, and lets go of the stream.
   * @returns what the viewer has said that the server of that screen has to know
   *   A viewer that asks for no picture meanwhile ends {@link serve}, and this never settles.
   */
  async become(screen: Pick<ServerInit, "width" | "height" | "name">): Promise<Buffer> {
    this.#isGivenUp = true;
    this.#cancelFrame?.();
    await this.#sending;
    const rectangles = this.#describeChange(screen);
    if (rectangles.length > 0) {
      await this.#waitFor(() => this.#wanted !== null);
      await this.#peer.write(Buffer.concat([encodeUpdateHead(rectangles.length), ...rectangles]));
    }
    await this.#waitFor(() => this.#peer.bytesRead === this.#messageBegin);
    this.close();
    return Buffer.concat([
      encodeSetPixelFormat(encodePixelFormat(this.#format)),
      ...(this.#encodings === null ? [] : [encodeSetEncodings(this.#encodings)]),
      encodeUpdateRequest(false, screen),
    ]);
  }

  /** Lets go of the stream. Idempotent. */
  close(): void {
    this.#isGivenUp = true;
    this.#cancelIdle();
    this.#cancelFrame?.();
    this.#peer.release();
  }

  /** The size comes last: what is behind it would be of the new screen. */
  #describeChange({ width, height, name }: Pick<ServerInit, "width" | "height" | "name">): Buffer[] {
    const rectangles: Buffer[] = [];
    if (this.#knows(PseudoEncoding.cursor)) rectangles.push(encodeNoArrow());
    if (this.#knows(PseudoEncoding.desktopName)) rectangles.push(encodeDesktopName(name));
    if (width === SCREEN_SIZE.width && height === SCREEN_SIZE.height) return rectangles;
    const size = { width, height };
    // Not the extended one where there is a choice: it would say that the size can be set, which is for the server to say.
    const isPlain = this.#knows(PseudoEncoding.desktopSize);
    return [...rectangles, isPlain ? encodeDesktopSize(size) : encodeExtendedDesktopSize(size)];
  }

  async #waitFor(isReached: () => boolean): Promise<void> {
    const cancel = this.#clock.after(PROXY_LIMITS.promptChangeMs, () => {
      this.#failed.abort(
        new TimeoutError("HANDSHAKE_TIMEOUT", "the viewer asks for no picture of the new screen"),
      );
    });
    while (!isReached()) {
      await new Promise<void>((resolve) => {
        this.#onProgress = resolve;
      });
    }
    cancel();
  }

  #knows(encoding: number): boolean {
    return this.#encodings?.includes(encoding) ?? false;
  }

  #noteActivity(): void {
    this.#cancelIdle();
    this.#cancelIdle = this.#clock.after(PROXY_LIMITS.promptIdleMs, () => {
      this.#failed.abort(
        new TimeoutError("HANDSHAKE_TIMEOUT", "nobody typed anything on the sign-in screen"),
      );
    });
  }

  #receive(message: Buffer): void {
    switch (message.readUInt8(0)) {
      case ClientMessageType.setPixelFormat: {
        const format = parseAll(readPixelFormat(), message.subarray(4));
        if (!("value" in format)) return;
        this.#format = format.value;
        this.#hasColourMap = format.value.trueColour;
        return;
      }
      case ClientMessageType.setEncodings:
        this.#encodings = readSetEncodings(message.subarray(0, message.length - (message.length % 4)));
        this.#owesArrow = this.#knows(PseudoEncoding.cursor);
        return;
      case ClientMessageType.framebufferUpdateRequest: {
        const [x, y, width, height] = [2, 4, 6, 8].map((at) => message.readUInt16BE(at)) as [
          ...[number, number, number, number],
        ];
        this.#wanted = { x, y, width, height };
        if (message.readUInt8(1) === 0) this.#unsent.markArea(this.#wanted);
        this.#sendSoon();
        return;
      }
      case ClientMessageType.setDesktopSize:
        this.#owesSizeRefusal = this.#knows(PseudoEncoding.extendedDesktopSize);
        this.#sendSoon();
        return;
      default:
        this.#receiveInput(message);
    }
  }

  #receiveInput(message: Buffer): void {
    const type = message.readUInt8(0);
    if (type === ClientMessageType.keyEvent) {
      this.#noteActivity();
      this.#onInput({ type: "key", keysym: message.readUInt32BE(4), isDown: message.readUInt8(1) !== 0 });
    } else if (type === ClientMessageType.pointerEvent) {
      this.#receivePointer(message);
    } else if (type === ClientMessageType.clientCutText && message.readInt32BE(4) >= 0) {
      this.#onInput({ type: "clipboard", text: message.subarray(8).toString("latin1") });
    }
  }

  #receivePointer(message: Buffer): void {
    const buttons = message.readUInt8(1);
    const pressed = buttons & ~this.#buttons;
    this.#buttons = buttons;
    this.#noteActivity();
    const target = findScreenTarget(this.#layout, message.readUInt16BE(2), message.readUInt16BE(4));
    this.#onInput({ type: "pointer", target, gesture: nameGesture(pressed) });
  }

  /** One update at a time, and not too many: what changes meanwhile goes with the next. */
  #sendSoon(): void {
    if (this.#wanted === null || this.#isGivenUp || this.#sending !== null || this.#cancelFrame !== null)
      return;
    const areas = this.#unsent.take(this.#wanted);
    if (areas.length === 0 && !this.#owesArrow && !this.#owesSizeRefusal) return;
    this.#wanted = null;
    this.#sending = this.#send(areas)
      .catch((error: unknown) => {
        this.#failed.abort(error);
      })
      .finally(() => {
        this.#sending = null;
        if (this.#isGivenUp) return;
        this.#cancelFrame = this.#clock.after(PROXY_LIMITS.promptFrameMs, () => {
          this.#cancelFrame = null;
          this.#sendSoon();
        });
      });
  }

  async #send(areas: readonly Rectangle[]): Promise<void> {
    const { items } = this.#layout;
    const writer = makePixelWriter(this.#format, SCREEN_PALETTE);
    const encoding: PictureEncoding = this.#knows(Encoding.hextile) ? Encoding.hextile : Encoding.raw;
    const told = [
      ...(this.#owesArrow ? [encodeArrow(writer, SCREEN_PALETTE[3] ?? 0, SCREEN_PALETTE[1] ?? 0)] : []),
      ...(this.#owesSizeRefusal ? [encodeSizeRefusal(SCREEN_SIZE)] : []),
    ];
    [this.#owesArrow, this.#owesSizeRefusal] = [false, false];
    if (!this.#hasColourMap) await this.#peer.write(encodeColourMap(SCREEN_PALETTE));
    this.#hasColourMap = true;
    await this.#peer.write(Buffer.concat([encodeUpdateHead(areas.length + told.length), ...told]));
    for (const area of areas) {
      const encoded = await this.#slices.run(() => {
        STRIP.top = area.y - (area.y % TILE);
        paintScreen(STRIP, items);
        return encodeRectangle(STRIP, area, encoding, writer);
      });
      await this.#peer.write(encoded);
    }
  }
}

function nameGesture(pressed: number): PointerGesture {
  if ((pressed & LEFT_BUTTON) !== 0) return "press";
  if ((pressed & MIDDLE_BUTTON) !== 0) return "paste";
  if ((pressed & WHEEL_UP) !== 0) return "wheel-up";
  return (pressed & WHEEL_DOWN) !== 0 ? "wheel-down" : "move";
}
