import type { Logger } from "pino";
import { describeError, isPosternError, type Clock, KeyedQueue } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import { bindRequestHost, type RequestHost } from "../hosts/host-access.ts";
import { sendImage } from "./send-image.ts";
import type { ImageContent } from "./server-images.ts";

/** Within this time a failure is reported again; later, the transfer is retried. */
const FAILURE_MS = 20_000;

interface RunningImageTransfer {
  readonly hostId: string;
  readonly imageId: string;
  fraction: number;
}

interface ImageTransfersContext {
  readonly proxy: Pick<Proxy, "requestHost" | "audit">;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Images on their way to hosts: each version once to each host, however many machines wait for it. */
export class ImageTransfers {
  readonly #context: ImageTransfersContext;
  readonly #request: RequestHost;
  readonly #closing = new AbortController();
  readonly #running = new Map<string, RunningImageTransfer>();
  readonly #failures = new Map<string, { readonly error: unknown; readonly until: number }>();
  /** One transfer at a time to each host: they would share one connection. */
  readonly #queue = new KeyedQueue();

  constructor(context: ImageTransfersContext) {
    this.#context = context;
    this.#request = bindRequestHost(context.proxy);
  }

  isRunning(hostId: string, content: ImageContent): boolean {
    return this.#running.has(keyOf(hostId, content));
  }

  /**
   * Ensures that a host has this version of an image. A transfer runs in the background; call again when it has ended.
   * @returns how much has arrived, 0 to 1; null: the host has the image
   * @throws what the host refuses with, and why the last transfer failed
   */
  async ensure(hostId: string, content: ImageContent): Promise<number | null> {
    const key = keyOf(hostId, content);
    const running = this.#running.get(key);
    if (running !== undefined) return running.fraction;
    const failure = this.#failures.get(key);
    if (failure !== undefined && this.#context.clock.monotonic() < failure.until) throw failure.error;
    this.#failures.delete(key);
    const { image, bytes, sha256 } = content;
    const copy = await this.#request(hostId, "image.import", { image, bytes, sha256 });
    if (copy.state === "here") return null;
    const other = this.#running.get(key);
    if (other !== undefined) return other.fraction;
    const transfer: RunningImageTransfer = { hostId, imageId: image.id, fraction: copy.bytes / bytes };
    this.#running.set(key, transfer);
    void this.#queue.run(hostId, () => this.#run(key, transfer, content));
    return transfer.fraction;
  }

  close(): void {
    this.#closing.abort();
  }

  /** Never rejects. */
  async #run(key: string, transfer: RunningImageTransfer, content: ImageContent): Promise<void> {
    const { proxy, events, clock, log } = this.#context;
    const { hostId, imageId } = transfer;
    const about = { agentId: hostId, image: imageId };
    const { signal } = this.#closing;
    const begun = clock.monotonic();
    try {
      await sendImage(hostId, content, {
        request: this.#request,
        clock,
        signal,
        onProgress: (fraction) => {
          const isNew = Math.floor(fraction * 100) !== Math.floor(transfer.fraction * 100);
          transfer.fraction = fraction;
          if (isNew) events.emit("image.progress", { hostId, imageId, fraction });
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
    events.emit("image.transferEnded", { hostId });
  }
}

function keyOf(hostId: string, { image, sha256 }: ImageContent): string {
  return `${hostId} ${image.id} ${sha256}`;
}
