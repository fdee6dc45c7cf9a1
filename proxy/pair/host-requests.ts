import {
  encodeJsonFrame,
  FrameType,
  hostMethods,
  LimitError,
  ProtocolError,
  RequestError,
  TimeoutError,
  type Clock,
  type HostMethod,
  type HostParams,
  type HostResult,
  type Reply,
} from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Requests to one host, told apart by their ids. */
export class HostRequests {
  readonly #send: (frame: Buffer) => void;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #over = false;

  constructor(send: (frame: Buffer) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /**
   * Sends a request and waits for its reply.
   * @throws RequestError with the host's code, `HOST_OFFLINE`; TimeoutError `HOST_TIMEOUT`;
   *   LimitError `HOST_BUSY`; ProtocolError `HOST_REPLY` for a reply that does not fit the method
   */
  async ask<M extends HostMethod>(method: M, params: HostParams<M>): Promise<HostResult<M>> {
    if (this.#over) throw hostOffline();
    if (this.#waiting.size >= LIMITS.hostRequestsWaiting) {
      throw new LimitError("HOST_BUSY", "too many requests wait for the host", {
        safeMessage: "The host has too much to do. Try again in a moment.",
      });
    }
    const schemas = hostMethods[method];
    const id = this.#nextId++;
    const frame = encodeJsonFrame(FrameType.request, { id, method, params: schemas.params.parse(params) });
    const result = schemas.result.safeParse(await this.#exchange(id, method, frame));
    if (!result.success) {
      throw new ProtocolError("HOST_REPLY", `the host's reply to ${method} is malformed`, {
        safeMessage: "The host gave an answer that this server does not understand.",
        cause: result.error,
      });
    }
    return result.data as HostResult<M>;
  }

  /** A reply that nobody waits for any more is dropped. */
  settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (reply.ok) waiting?.resolve(reply.result);
    else {
      const { code, message } = reply.error;
      waiting?.reject(new RequestError(code, `the host refused: ${code}`, { safeMessage: message }));
    }
  }

  /** The connection is gone: nobody will answer. Idempotent. */
  end(): void {
    this.#over = true;
    for (const waiting of [...this.#waiting.values()]) waiting.reject(hostOffline());
  }

  #exchange(id: number, method: string, frame: Buffer): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        if (!this.#waiting.delete(id)) return;
        cancel();
        act();
      };
      const cancel = this.#clock.after(LIMITS.hostRequestMs, () => {
        settle(() => {
          reject(
            new TimeoutError("HOST_TIMEOUT", `no reply to ${method} in ${LIMITS.hostRequestMs} ms`, {
              safeMessage: "The host did not answer in time.",
            }),
          );
        });
      });
      this.#waiting.set(id, {
        resolve: (result) => {
          settle(() => {
            resolve(result);
          });
        },
        reject: (error) => {
          settle(() => {
            reject(error);
          });
        },
      });
      this.#send(frame);
    });
  }
}

export function hostOffline(): RequestError {
  return new RequestError("HOST_OFFLINE", "the host is not connected", {
    safeMessage: "The host is not connected.",
  });
}
