import type { Logger } from "pino";
import { describeError, isPosternError, type Clock } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import type { RequestHost } from "../disks/index.ts";
import { sendImage } from "./send-image.ts";
import type { ImageContent } from "./server-images.ts";

/** Whoever asks within this time after a failure is told of it; later, it is tried again. */
const FAILURE_MS = 20_000;

interface RunningImageTransfer {
  readonly hostId: string;
  readonly imageId: string;
  fraction: number;
}

export interface ImageTransfersContext {
  readonly proxy: Pick<Proxy, "requestHost" | "audit">;
  readonly clock: Clock;
  readonly log: Logger;
  /** A journey has come further by a percent. */
  readonly onProgress: (hostId: string, imageId: string, fraction: number) => void;
  /** One is over, well or not. */
  readonly onEnd: (hostId: string) => void;
}

/** Images on their way to hosts: each version once to each host, however many machines wait for it. */
export class ImageTransfers {
  readonly #options: ImageTransfersContext;
  readonly #request: RequestHost;
  readonly #closing = new AbortController();
  readonly #running = new Map<string, RunningImageTransfer>();
  readonly #failures = new Map<string, { readonly error: unknown; readonly until: number }>();
  /** One after the other to one host: they would share the same connection. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor(options: ImageTransfersContext) {
    this.#options = options;
    this.#request = (host, method, params) => options.proxy.requestHost(host, method, params);
  }

  isRunning(hostId: string, content: ImageContent): boolean {
    return this.#running.has(keyOf(hostId, content));
  }

  /**
   * Sees to it that a host has an image as it is now. A journey goes on in the background; then this is asked again.
   * @returns how far it is; null: the image is there
   * @throws what the host refuses with, and why the last journey failed
   */
  async ensure(hostId: string, content: ImageContent): Promise<number | null> {
    const key = keyOf(hostId, content);
    const begun = this.#running.get(key);
    if (begun !== undefined) return begun.fraction;
    const failure = this.#failures.get(key);
    if (failure !== undefined && this.#options.clock.monotonic() < failure.until) throw failure.error;
    this.#failures.delete(key);
    const { image, bytes, sha256 } = content;
    const copy = await this.#request(hostId, "image.import", { image, bytes, sha256 });
    if (copy.state === "here") return null;
    const other = this.#running.get(key);
    if (other !== undefined) return other.fraction;
    const flight: RunningImageTransfer = { hostId, imageId: image.id, fraction: copy.bytes / bytes };
    this.#running.set(key, flight);
    const turn = (this.#tails.get(hostId) ?? Promise.resolve()).then(() => this.#run(key, flight, content));
    this.#tails.set(hostId, turn);
    return flight.fraction;
  }

  close(): void {
    this.#closing.abort();
  }

  /** Never rejects. */
  async #run(key: string, flight: RunningImageTransfer, content: ImageContent): Promise<void> {
    const { proxy, clock, log, onEnd, onProgress } = this.#options;
    const { hostId, imageId } = flight;
    const about = { agentId: hostId, image: imageId };
    const { signal } = this.#closing;
    const begun = clock.monotonic();
    try {
      await sendImage(hostId, content, {
        ...{ request: this.#request, clock, signal },
        onProgress: (fraction) => {
          const isNew = Math.floor(fraction * 100) !== Math.floor(flight.fraction * 100);
          flight.fraction = fraction;
          if (isNew) onProgress(hostId, imageId, fraction);
        },
      });
      const durationMs = Math.round(clock.monotonic() - begun);
      log.info(
        { event: "image.sent", ...about, bytes: content.bytes, durationMs },
        "a host has an image now",
      );
      proxy.audit({
        action: "image.send",
        outcome: "success",
        agentId: hostId,
        count: content.bytes,
        durationMs,
      });
    } catch (error) {
      if (signal.aborted) return;
      this.#failures.set(key, { error, until: clock.monotonic() + FAILURE_MS });
      const reason = isPosternError(error) ? error.code : "INTERNAL";
      log.warn(
        { event: "image.unsent", ...about, reason: describeError(error) },
        "a host did not get an image",
      );
      proxy.audit({ action: "image.send", outcome: "failure", agentId: hostId, reason });
    } finally {
      this.#running.delete(key);
    }
    onEnd(hostId);
  }
}

function keyOf(hostId: string, { image, sha256 }: ImageContent): string {
  return `${hostId} ${image.id} ${sha256}`;
}
