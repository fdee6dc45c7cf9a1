import type http from "node:http";
import type { Socket } from "node:net";
import { AcceptQueue, EVENT_LOOP_SLICES, networkKey } from "../../proxy/index.ts";

/** Requests of one connection that may be without an answer at once; browsers send the next after the answer. */
export const MAX_UNANSWERED = 4;
/** What is parsed in one step: a few requests. */
const PIECE_BYTES = 1024;

/**
 * Before Node's parser: what connections send takes turns, for a short time in each turn of the event loop, so that running
 * sessions do not wait for strangers' requests; and one connection may not have many requests under way. Networks take turns.
 */
export function limitRequests(server: http.Server): void {
  const queue = new AcceptQueue(EVENT_LOOP_SLICES);
  const connections = new WeakMap<Socket, LimitedConnection>();
  server.on("connection", (socket: Socket) => {
    connections.set(socket, new LimitedConnection(socket, queue));
  });
  server.prependListener("request", ({ socket }, response) => {
    connections.get(socket)?.countRequest(response);
  });
  server.prependListener("upgrade", (_request, socket) => {
    connections.get(socket as Socket)?.release();
  });
}

/** Stands between a connection and the parser that Node's HTTP server has put on it. */
class LimitedConnection {
  readonly #socket: Socket;
  readonly #queue: AcceptQueue;
  readonly #network: string;
  readonly #parsers: readonly ((chunk: Buffer) => void)[];
  #unanswered = 0;
  /** What has been read and not parsed. */
  #held: Buffer = Buffer.alloc(0);
  #isQueued = false;

  constructor(socket: Socket, queue: AcceptQueue) {
    this.#socket = socket;
    this.#queue = queue;
    this.#network = networkKey(socket.remoteAddress ?? "");
    // A listener makes Node read in JavaScript, and not in the parser itself.
    socket.on("data", this.#onData);
    this.#parsers = (socket.listeners("data") as ((chunk: Buffer) => void)[]).filter(
      (listener) => listener !== this.#onData,
    );
    for (const parser of this.#parsers) socket.off("data", parser);
    socket.once("close", () => {
      this.#held = Buffer.alloc(0);
    });
  }

  /** With more than it may have under way it is closed, and what else it has sent is not parsed. */
  countRequest(response: http.ServerResponse): void {
    this.#unanswered += 1;
    response.once("close", () => {
      this.#unanswered -= 1;
    });
    if (this.#unanswered > MAX_UNANSWERED) this.#socket.destroy();
  }

  /** It is no longer HTTP: its next reader gets what is left. */
  release(): void {
    this.#socket.off("data", this.#onData);
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    if (rest.length > 0) this.#socket.unshift(rest);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#enqueue();
  };

  #enqueue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#socket.pause();
    this.#queue.enqueue(this.#parsePiece, this.#network);
  }

  readonly #parsePiece = (): void => {
    this.#isQueued = false;
    if (this.#socket.destroyed || this.#held.length === 0) return;
    const piece = this.#held.subarray(0, PIECE_BYTES);
    this.#held = this.#held.subarray(PIECE_BYTES);
    for (const parse of this.#parsers) parse(piece);
    if (this.#socket.destroyed) return;
    if (this.#held.length > 0) this.#enqueue();
    else if (this.#socket.listeners("data").includes(this.#onData)) this.#socket.resume();
  };
}
