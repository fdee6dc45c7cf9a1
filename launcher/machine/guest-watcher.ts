import type { Logger } from "pino";
import { describeError, isOn, type Clock } from "../../protocol/index.ts";
import { readGuestAddresses, setGuestTime } from "../guest-agent/guest-requests.ts";
import type { Lifecycle } from "../model/lifecycle.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/** How often a guest is asked for its addresses. */
const ADDRESSES_MS = 15_000;

interface WatchedGuest {
  readonly spec: Pick<MachineSpec, "id" | "guest" | "network">;
  readonly paths: Pick<MachinePaths, "guestAgentSocket">;
  readonly lifecycle: Lifecycle;
}

interface GuestWatcherContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** The guest's addresses are others than before. */
  readonly onAddresses: () => void;
}

/** What goes through the QEMU agent in a guest: its clock and its addresses. Does nothing where the image has no agent. */
export class GuestWatcher {
  readonly #guest: WatchedGuest;
  readonly #context: GuestWatcherContext;
  #addresses: readonly string[] = [];
  /** The agent takes one conversation at a time. */
  #last: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  /** A question for the addresses waits or is under way: an agent slower than the timer gets no second one. */
  #isAsking = false;
  /** Aborted when the guest has ended. */
  #ended = new AbortController();

  constructor(guest: WatchedGuest, context: GuestWatcherContext) {
    this.#guest = guest;
    this.#context = context;
  }

  /** As the guest said last; empty: none, or not known. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** The guest stood still, and runs again: its clock is behind. Never throws. */
  adjustClock(): void {
    const { spec, paths } = this.#guest;
    if (!spec.guest.agent) return;
    const { clock, log } = this.#context;
    this.#enqueue(async (signal) => {
      await setGuestTime({ socket: paths.guestAgentSocket, clock, signal });
      log.debug({ event: "machine.clock-set", machine: spec.id }, "the guest's clock was set");
    });
  }

  /** Asks for the addresses, now and again. */
  start(): void {
    const { spec } = this.#guest;
    if (!spec.guest.agent || spec.network === "none") return;
    this.#cancel?.();
    const ask = (): void => {
      if (isOn(this.#guest.lifecycle.state) && !this.#isAsking) {
        this.#isAsking = true;
        this.#enqueue(
          (signal) => this.#readAddresses(signal),
          () => (this.#isAsking = false),
        );
      }
      this.#cancel = this.#context.clock.after(ADDRESSES_MS, ask);
    };
    ask();
  }

  /** The guest has ended, or is left to the next launcher. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#ended.abort();
    this.#ended = new AbortController();
    this.#addresses = [];
  }

  async #readAddresses(signal: AbortSignal): Promise<void> {
    const { clock, onAddresses } = this.#context;
    const found = await readGuestAddresses({ socket: this.#guest.paths.guestAgentSocket, clock, signal });
    if (signal.aborted || found.join() === this.#addresses.join()) return;
    this.#addresses = found;
    onAddresses();
  }

  #enqueue(work: (signal: AbortSignal) => Promise<void>, onEnd: () => void = () => undefined): void {
    const { signal } = this.#ended;
    this.#last = this.#last
      .then(() => (signal.aborted ? undefined : work(signal)))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const fields = {
          event: "machine.agent-silent",
          machine: this.#guest.spec.id,
          why: describeError(error),
        };
        this.#context.log.debug(fields, "the guest's agent did not do what it was asked for");
      })
      .finally(onEnd);
  }
}
