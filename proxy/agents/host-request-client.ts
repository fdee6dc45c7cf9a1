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
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

interface PendingRequest {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Requests to one host, matched by their ids. */
export class HostRequestClient {
  readonly #send: (frame: Buffer) => void;
  readonly #clock: Clock;
  readonly #pending = new Map<number, PendingRequest>();
  #nextId = 1;
  #replies = 0;
  #closed = false;

  constructor(send: (frame: Buffer) => void, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /**
   * Sends a request and waits for its reply.
   * @throws RequestError with the host's code, `HOST_OFFLINE`; TimeoutError `HOST_TIMEOUT`;
   *   LimitError `HOST_BUSY`; ProtocolError `HOST_REPLY` for a reply that does not fit the method
   */
  async request<M extends HostMethod>(method: M, params: HostParams<M>): Promise<HostResult<M>> {
    if (this.#closed) throw hostOfflineError();
    if (this.#pending.size >= PROXY_LIMITS.hostRequestsWaiting) {
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

  /** A late reply is dropped. @throws ProtocolError `MIP_FRAME` when there are more replies than there were requests */
  settle(reply: Reply): void {
    this.#replies += 1;
    if (this.#replies >= this.#nextId) throw new ProtocolError("MIP_FRAME", "a reply that nobody asked for");
    const waiting = this.#pending.get(reply.id);
    if (reply.ok) waiting?.resolve(reply.result);
    else {
      const { code, message } = reply.error;
      waiting?.reject(new RequestError(code, `the host refused: ${code}`, { safeMessage: message }));
    }
  }

  /** The connection is closed: pending requests fail. Idempotent. */
  end(): void {
    this.#closed = true;
    for (const waiting of [...this.#pending.values()]) waiting.reject(hostOfflineError());
  }

  #exchange(id: number, method: string, frame: Buffer): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        if (!this.#pending.delete(id)) return;
        cancel();
        act();
      };
      const cancel = this.#clock.after(PROXY_LIMITS.hostRequestMs, () => {
        settle(() => {
          reject(
            new TimeoutError("HOST_TIMEOUT", `no reply to ${method} in ${PROXY_LIMITS.hostRequestMs} ms`, {
              safeMessage: "The host did not answer in time.",
            }),
          );
        });
      });
      this.#pending.set(id, {
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

export function hostOfflineError(): RequestError {
  return new RequestError("HOST_OFFLINE", "the host is not connected", {
    safeMessage: "The host is not connected.",
  });
}
