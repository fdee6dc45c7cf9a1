import { once, EventEmitter } from "node:events";
import { readUpdates, WANTED_ENCODINGS, WANTED_PIXEL_FORMAT } from "../stream/framebuffer-updates.ts";
import { StreamWalker } from "../stream/stream-walker.ts";
import { type RfbAddress, type ScreenSize, ViewerConnection } from "../stream/viewer-connection.ts";
import type { DesktopSession } from "./desktop-session.ts";

/** Asks as a person's viewer does: for what changed, as soon as the last change is there. Decodes no pixels. */
export class DesktopViewer implements DesktopSession {
  updates = 0;
  bytes = 0;
  readonly #connection: ViewerConnection;
  readonly #events = new EventEmitter<{ update: [] }>();

  private constructor(connection: ViewerConnection, screen: ScreenSize) {
    this.#connection = connection;
    const walker = new StreamWalker(
      readUpdates(() => {
        this.updates += 1;
        this.#connection.requestUpdate(screen, true);
        this.#events.emit("update");
      }),
    );
    connection.onPiece = (piece) => {
      this.bytes += piece.length;
      walker.push(piece);
    };
    connection.write(Buffer.concat([Buffer.alloc(4), WANTED_PIXEL_FORMAT]));
    connection.write(encodeSetEncodings(WANTED_ENCODINGS));
    connection.requestUpdate(screen);
  }

  static async open(address: RfbAddress): Promise<DesktopViewer> {
    const connection = new ViewerConnection(address);
    try {
      return new DesktopViewer(connection, await connection.enter());
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get failure(): Error | undefined {
    return this.#connection.failure;
  }

  async waitForPicture(): Promise<void> {
    if (this.updates === 0) await this.#connection.orFailure(once(this.#events, "update"));
  }

  close(): void {
    this.#connection.close();
  }
}

function encodeSetEncodings(encodings: readonly number[]): Buffer {
  const message = Buffer.alloc(4 + 4 * encodings.length);
  message[0] = 2;
  message.writeUInt16BE(encodings.length, 2);
  encodings.forEach((encoding, index) => message.writeInt32BE(encoding, 4 + 4 * index));
  return message;
}
