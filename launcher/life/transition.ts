import type { MachineState } from "../../protocol/index.ts";

/** The states that a launcher knows; `queued` is the server's. */
export type LifeState = Exclude<MachineState, "queued">;

export interface Life {
  readonly state: LifeState;
  /** A sentence for people. */
  readonly reason?: string | undefined;
  /** The tag of the snapshot whose memory the next start goes on from. */
  readonly saved?: string | undefined;
}

export type LifeEvent =
  /** A stopped or failed machine is wanted again. */
  | { readonly kind: "startRequested" }
  /** What takes so long before there is a QEMU. */
  | { readonly kind: "delayed"; readonly why: string }
  /** QEMU runs and its control socket answers. */
  | { readonly kind: "powered" }
  /** The guest has drawn something, or has had long enough. */
  | { readonly kind: "drawn" }
  /** QMP RESET by the guest: it boots again. */
  | { readonly kind: "reset" }
  /** The processors stand still; `why` is missing when a person wanted it so. */
  | { readonly kind: "halted"; readonly why?: string }
  /** They go on. */
  | { readonly kind: "resumed" }
  | { readonly kind: "saveRequested" }
  /** The memory is on disk; QEMU ends next. */
  | { readonly kind: "saved"; readonly tag: string }
  | { readonly kind: "saveFailed"; readonly reason: string; readonly halted: boolean }
  /** A saved memory, or one of a snapshot, is in place: the guest goes on from there. */
  | { readonly kind: "restored" }
  /** The memory could not be put in place: what is left of it is given up. */
  | { readonly kind: "restoreFailed"; readonly reason: string }
  /** The next start goes on from this snapshot's memory, or, without a tag, from none. */
  | { readonly kind: "memoryChosen"; readonly tag?: string }
  /** We want its end, or QMP SHUTDOWN says that it comes. */
  | { readonly kind: "ending"; readonly by: "user" | "guest" | "host" }
  /** The process is gone; `clean`: it ended by its own will. */
  | { readonly kind: "exited"; readonly clean: boolean; readonly reason: string }
  /** It never came to run. */
  | { readonly kind: "startFailed"; readonly reason: string };

const ENDINGS = {
  user: undefined,
  guest: "The guest shut itself down.",
  host: "It was ended on the host.",
} as const;

/** The next life; the same object when the event changes nothing. Pure. */
export function transition(life: Life, event: LifeEvent): Life {
  const { state, saved } = life;
  switch (event.kind) {
    case "startRequested":
      return hasEnded(life) ? describe("preparing", undefined, saved) : life;
    case "delayed":
      return state === "preparing" ? describe("preparing", event.why, saved) : life;
    case "powered":
      return state === "preparing" ? describe("booting", undefined, saved) : life;
    case "drawn":
      return state === "booting" ? describe("running", undefined, saved) : life;
    case "reset":
      return state === "running" || state === "paused" ? describe("booting") : life;
    case "halted":
      return isGuestUp(life) ? describe("paused", event.why) : life;
    case "resumed":
      return state === "paused" ? describe("running") : life;
    case "saveRequested":
      return isGuestUp(life) || state === "paused" ? describe("saving") : life;
    case "saved":
      return state === "saving" ? describe("saving", undefined, event.tag) : life;
    case "saveFailed":
      return state === "saving" ? describe(event.halted ? "paused" : "running", event.reason) : life;
    case "restored":
      return isGuestUp(life) || state === "paused" ? describe("running") : life;
    case "restoreFailed":
      return isGuestUp(life) || state === "paused" ? describe("stopping", event.reason) : life;
    case "memoryChosen":
      return hasEnded(life) && saved !== event.tag ? describe(state, life.reason, event.tag) : life;
    case "ending":
      if (hasEnded(life) || state === "stopping" || (state === "saving" && event.by === "host")) return life;
      return describe("stopping", ENDINGS[event.by], saved);
    case "exited":
      return hasEnded(life) ? life : afterExit(life, event);
    case "startFailed":
      if (hasEnded(life)) return life;
      return state === "stopping"
        ? describe("stopped", undefined, saved)
        : describe("failed", event.reason, saved);
  }
}

function afterExit({ state, reason, saved }: Life, exit: LifeEvent & { readonly kind: "exited" }): Life {
  if (state === "stopping") return describe("stopped", reason, saved);
  if (state === "saving" && saved !== undefined) return describe("stopped", undefined, saved);
  // Whoever waits for its memory on disk learns that it is not there, however properly QEMU ended.
  const clean = exit.clean && state !== "saving";
  return clean ? describe("stopped", undefined, saved) : describe("failed", exit.reason, saved);
}

export function hasEnded(life: Life): boolean {
  return life.state === "stopped" || life.state === "failed";
}

/** Whether a guest's processors run. */
function isGuestUp({ state }: Life): boolean {
  return state === "booting" || state === "running";
}

function describe(state: LifeState, reason?: string, saved?: string): Life {
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(saved === undefined ? {} : { saved }),
  };
}
