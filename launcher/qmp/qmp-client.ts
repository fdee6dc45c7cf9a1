import { connect, type Socket } from "node:net";
import {
  LaunchError,
  PeerClosed,
  TimeoutError,
  type Clock,
  PosternError,
  describeError,
} from "../../protocol/index.ts";
import { QmpLineSplitter } from "./qmp-lines.ts";
import { qmpGreeting, qmpMessage, type QmpEvent } from "./qmp-messages.ts";

const COMMAND_TIMEOUT_MS = 10_000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  cancelTimeout(): void;
}

/** One connection to a machine's control socket. QEMU serves one client at a time; a second one gets no answer. */
export class QmpClient {
  /** Settles when the connection has ended, on either side. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #failure: Error | undefined;
  #greeted: (() => void) | undefined;

  /** Use {@link connectQmp}. */
  constructor(socket: Socket, clock: Clock, onGreeted: () => void, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#greeted = onGreeted;
    this.#onEvent = onEvent;
    const lines = new QmpLineSplitter((line) => {
      this.#receive(line);
    });
    socket.setNoDelay(true);
    socket.on("error", (error) => {
      this.#fail(new PeerClosed("QMP_CLOSED", `QMP failed: ${error.message}`, { cause: error }));
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        lines.push(chunk);
      } catch (error) {
        this.#fail(
          error instanceof PosternError
            ? error
            : new PeerClosed("QMP_CLOSED", describeError(error), { cause: error }),
        );
      }
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#fail(new PeerClosed("QMP_CLOSED", "QMP was closed"));
        resolve();
      });
    });
  }

  /**
   * Runs one command.
   * @returns what QEMU returned, unchecked
   * @throws LaunchError `QMP_REFUSED`, TimeoutError `QMP_TIMEOUT`, PeerClosed `QMP_CLOSED`
   */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#clock.after(COMMAND_TIMEOUT_MS, () => {
        this.#pending.delete(id);
        reject(new TimeoutError("QMP_TIMEOUT", `${command} was not answered`));
      });
      this.#pending.set(id, { resolve, reject, cancelTimeout });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** Ends the connection; the machine keeps running. Idempotent. */
  close(): void {
    this.#fail(new PeerClosed("QMP_CLOSED", "QMP was closed by us"));
  }

  #receive(line: string): void {
    const json: unknown = JSON.parse(line);
    if (this.#greeted !== undefined && qmpGreeting.safeParse(json).success) {
      const greeted = this.#greeted;
      this.#greeted = undefined;
      greeted();
      return;
    }
    const message = qmpMessage.parse(json);
    if (message.kind === "event") {
      this.#onEvent(message);
      return;
    }
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
    if (pending === undefined || message.id === undefined) return;
    this.#pending.delete(message.id);
    pending.cancelTimeout();
    if (message.kind === "success") pending.resolve(message.value);
    else pending.reject(new LaunchError("QMP_REFUSED", `QEMU refused: ${message.text}`));
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#socket.destroy();
    for (const pending of this.#pending.values()) {
      pending.cancelTimeout();
      pending.reject(error);
    }
    this.#pending.clear();
  }
}

/**
 * Connects, waits for the greeting and leaves negotiation mode.
 * @param timeoutMs for the whole handshake; it times out while another client is connected
 * @throws TimeoutError `QMP_TIMEOUT`, PeerClosed `QMP_CLOSED`
 */
export async function connectQmp(
  path: string,
  options: {
    readonly timeoutMs: number;
    readonly clock: Clock;
    readonly onEvent: (event: QmpEvent) => void;
  },
): Promise<QmpClient> {
  const socket = connect(path);
  return new Promise((resolve, reject) => {
    const client = new QmpClient(
      socket,
      options.clock,
      () => {
        client.execute("qmp_capabilities").then(() => {
          cancel();
          resolve(client);
        }, fail);
      },
      options.onEvent,
    );
    const fail = (error: Error): void => {
      cancel();
      client.close();
      reject(error);
    };
    const cancel = options.clock.after(options.timeoutMs, () => {
      fail(new TimeoutError("QMP_TIMEOUT", "the control socket did not answer"));
    });
    void client.closed.then(() => {
      fail(new PeerClosed("QMP_CLOSED", "the control socket was closed"));
    });
  });
}
