import { once, EventEmitter } from "node:events";
import net from "node:net";
import {
  encodeInstruction,
  type GuacamoleInstruction,
  GuacamoleInstructionReader,
} from "../stream/guacamole-instructions.ts";
import type { ScreenSize } from "../stream/viewer-connection.ts";
import type { DesktopSession } from "./desktop-session.ts";

export interface GuacamoleAddress {
  /** Of guacd on 127.0.0.1. */
  readonly port: number;
  /** Of the VNC server that guacd connects to, on 127.0.0.1. */
  readonly vncPort: number;
}

const DISPLAY_LAYER = "0";
const RESOLUTION_DPI = "96";
const IMAGE_TYPES = ["image/png", "image/jpeg", "image/webp"] as const;

/** What a browser's Guacamole client sends: the login, and the answer to each `sync`. */
export class GuacamoleSession implements DesktopSession {
  updates = 0;
  bytes = 0;
  failure: Error | undefined;
  readonly #socket: net.Socket;
  readonly #address: GuacamoleAddress;
  readonly #size: ScreenSize;
  readonly #events = new EventEmitter<{ picture: []; end: [] }>();
  #hasImage = false;
  #hasPicture = false;

  constructor(address: GuacamoleAddress, size: ScreenSize) {
    this.#address = address;
    this.#size = size;
    const reader = new GuacamoleInstructionReader();
    this.#socket = net.connect({ port: address.port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk) => {
      this.bytes += chunk.length;
      try {
        for (const instruction of reader.push(chunk)) this.#obey(instruction);
      } catch (error) {
        this.#fail(error as Error);
      }
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("guacd closed the connection.")));
    this.#send("select", "vnc");
  }

  #send(...instruction: GuacamoleInstruction): void {
    this.#socket.write(encodeInstruction(...instruction));
  }

  #fail(error: Error): void {
    this.failure ??= error;
    this.#events.emit("end");
    this.#socket.destroy();
  }

  #obey([opcode, ...parameters]: GuacamoleInstruction): void {
    switch (opcode) {
      case "args":
        this.#connect(parameters);
        return;
      case "img":
        // img,STREAM,MASK,LAYER,TYPE,X,Y; the pointer's picture is in another layer.
        if (parameters[2] === DISPLAY_LAYER) this.#hasImage = true;
        return;
      case "sync":
        this.#send("sync", parameters[0] ?? "0");
        this.updates += 1;
        if (this.#hasPicture || !this.#hasImage) return;
        this.#hasPicture = true;
        this.#events.emit("picture");
        return;
      case "error":
      case "disconnect":
        this.#fail(new Error(`guacd: ${parameters.join(" ") || "disconnected"}`));
        return;
      default:
    }
  }

  /** @param names what guacd wants to know, the version of its protocol first */
  #connect(names: readonly string[]): void {
    const { width, height } = this.#size;
    const values: Readonly<Record<string, string>> = {
      hostname: "127.0.0.1",
      port: String(this.#address.vncPort),
    };
    this.#send("size", String(width), String(height), RESOLUTION_DPI);
    this.#send("audio");
    this.#send("video");
    this.#send("image", ...IMAGE_TYPES);
    this.#send(
      "connect",
      ...names.map((name) => (name.startsWith("VERSION_") ? name : (values[name] ?? ""))),
    );
  }

  async waitForPicture(): Promise<void> {
    if (this.#hasPicture) return;
    if (this.failure === undefined)
      await Promise.race([once(this.#events, "picture"), once(this.#events, "end")]);
    if (this.failure !== undefined) throw this.failure;
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.end(encodeInstruction("disconnect"), () => this.#socket.destroy());
  }
}
