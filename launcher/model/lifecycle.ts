import { hasGuest, isOff, isOn, type MachineCause, type MachineState } from "../../protocol/index.ts";

/** The states of a launcher's machines; `queued` exists on the server only. */
export type LifecycleState = Exclude<MachineState, "queued">;

/** Why a machine is in its state. */
export interface StateReason {
  /** A sentence for users, in English. */
  readonly reason: string;
  /** The same for programs and other languages. */
  readonly cause?: MachineCause | undefined;
}

export interface Lifecycle {
  readonly state: LifecycleState;
  readonly reason?: string | undefined;
  readonly cause?: MachineCause | undefined;
  /** The tag of the snapshot whose memory the next start restores. */
  readonly saved?: string | undefined;
  /** `saving`: a person had paused it, and a save that fails leaves it so. */
  readonly wasPaused?: boolean | undefined;
}

export type LifecycleEvent =
  /** A stopped or failed machine is to run again. */
  | { readonly kind: "startRequested" }
  /** What takes so long before there is a QEMU. */
  | ({ readonly kind: "delayed" } & StateReason)
  /** QEMU runs and its control socket answers. */
  | { readonly kind: "powered" }
  /** The guest has drawn something, or has had long enough. */
  | { readonly kind: "drawn" }
  /** QMP RESET by the guest: it boots again. */
  | { readonly kind: "reset" }
  /** The virtual processors are stopped; `why` is absent where a person paused the machine. */
  | { readonly kind: "halted"; readonly why?: StateReason }
  /** The virtual processors run again. */
  | { readonly kind: "resumed" }
  | { readonly kind: "saveRequested" }
  /** The memory is on disk; QEMU ends next. */
  | { readonly kind: "saved"; readonly tag: string }
  | ({ readonly kind: "saveFailed" } & StateReason)
  /** The memory of a save or of a snapshot is loaded: the guest continues from it. */
  | { readonly kind: "restored" }
  /** The memory could not be loaded: it is discarded. */
  | ({ readonly kind: "restoreFailed" } & StateReason)
  /** The next start loads the memory of this snapshot; without a tag, none. */
  | { readonly kind: "memoryChosen"; readonly tag?: string }
  /** Its end was requested, or QMP SHUTDOWN announced it. */
  | { readonly kind: "ending"; readonly by: "user" | "guest" | "host" }
  /** Its end was cancelled in time. */
  | { readonly kind: "kept" }
  /** The process has exited; `clean`: in order, not killed and not crashed. */
  | ({ readonly kind: "exited"; readonly clean: boolean } & StateReason)
  /** It never came to run. */
  | ({ readonly kind: "startFailed" } & StateReason);

const ENDINGS = {
  user: undefined,
  guest: makeReason("GUEST_SHUTDOWN", "The guest shut itself down."),
  host: makeReason("HOST_ENDED", "It was ended on the host."),
} as const;

/** A reason without parameters. */
export function makeReason(code: string, reason: string): StateReason & { readonly cause: MachineCause } {
  return { reason, cause: { code, details: {} } };
}

/** The next state; the same object when the event changes nothing. Pure. */
export function nextLifecycle(life: Lifecycle, event: LifecycleEvent): Lifecycle {
  const { state, saved } = life;
  switch (event.kind) {
    case "startRequested":
      return hasEnded(life) ? describe("preparing", undefined, saved) : life;
    case "delayed":
      return state === "preparing" ? describe("preparing", event, saved) : life;
    case "powered":
      return state === "preparing" ? describe("booting", undefined, saved) : life;
    case "drawn":
      return state === "booting" ? describe("running", undefined, saved) : life;
    case "reset":
      return state === "running" || state === "paused" ? describe("booting") : life;
    case "halted":
      return isOn(state) ? describe("paused", event.why) : life;
    case "resumed":
      return state === "paused" ? describe("running") : life;
    case "saveRequested":
      if (!hasGuest(state)) return life;
      return { ...describe("saving"), ...(state === "paused" && { wasPaused: true }) };
    case "saved":
      return state === "saving" ? describe("saving", undefined, event.tag) : life;
    case "saveFailed":
      return state === "saving" ? describe(life.wasPaused === true ? "paused" : "running", event) : life;
    case "restored":
      return hasGuest(state) ? describe("running") : life;
    case "restoreFailed":
      return hasGuest(state) ? describe("stopping", event) : life;
    case "memoryChosen":
      return hasEnded(life) && saved !== event.tag ? describe(state, life, event.tag) : life;
    case "ending":
      if (hasEnded(life) || state === "stopping" || (state === "saving" && event.by === "host")) return life;
      return describe("stopping", ENDINGS[event.by], saved);
    case "kept":
      return state === "stopping" ? describe("running", undefined, saved) : life;
    case "exited":
      return hasEnded(life) ? life : afterExit(life, event);
    case "startFailed":
      if (hasEnded(life)) return life;
      return state === "stopping" ? describe("stopped", undefined, saved) : describe("failed", event, saved);
  }
}

function afterExit(life: Lifecycle, exit: LifecycleEvent & { readonly kind: "exited" }): Lifecycle {
  const { state, saved } = life;
  if (state === "stopping") return describe("stopped", life, saved);
  if (state === "saving" && saved !== undefined) return describe("stopped", undefined, saved);
  // The reason must say that the memory is not on disk, even if QEMU ended cleanly.
  const clean = exit.clean && state !== "saving";
  return clean ? describe("stopped", undefined, saved) : describe("failed", exit, saved);
}

export function hasEnded(life: Lifecycle): boolean {
  return isOff(life.state);
}

function describe(state: LifecycleState, why: Omit<Lifecycle, "state"> = {}, saved?: string): Lifecycle {
  const { reason, cause } = why;
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(cause === undefined ? {} : { cause }),
    ...(saved === undefined ? {} : { saved }),
  };
}
