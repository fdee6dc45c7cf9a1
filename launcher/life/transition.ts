import type { MachineState } from "../../protocol/index.ts";

/** The states that a launcher knows; `queued` is the server's. */
export type LifeState = Exclude<MachineState, "queued">;

export interface Life {
  readonly state: LifeState;
  /** A sentence for people. */
  readonly reason?: string | undefined;
}

export type LifeEvent =
  /** A stopped or failed machine is wanted again. */
  | { readonly kind: "startRequested" }
  /** QEMU runs and its control socket answers. */
  | { readonly kind: "powered" }
  /** The guest has drawn something, or has had long enough. */
  | { readonly kind: "drawn" }
  /** QMP RESET by the guest: it boots again. */
  | { readonly kind: "reset" }
  /** We want its end, or QMP POWERDOWN or SHUTDOWN says that it comes. */
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
  switch (event.kind) {
    case "startRequested":
      return hasEnded(life) ? { state: "preparing" } : life;
    case "powered":
      return life.state === "preparing" ? { state: "booting" } : life;
    case "drawn":
      return life.state === "booting" ? { state: "running" } : life;
    case "reset":
      return life.state === "running" ? { state: "booting" } : life;
    case "ending":
      if (hasEnded(life) || life.state === "stopping") return life;
      return withReason("stopping", ENDINGS[event.by]);
    case "exited":
      if (hasEnded(life)) return life;
      if (life.state === "stopping") return withReason("stopped", life.reason);
      return event.clean ? { state: "stopped" } : { state: "failed", reason: event.reason };
    case "startFailed":
      if (hasEnded(life)) return life;
      return life.state === "stopping" ? { state: "stopped" } : { state: "failed", reason: event.reason };
  }
}

export function hasEnded(life: Life): boolean {
  return life.state === "stopped" || life.state === "failed";
}

/** Whether a QEMU with a screen belongs to this state. */
export function hasScreen(life: Life): boolean {
  return life.state === "booting" || life.state === "running" || life.state === "stopping";
}

function withReason(state: LifeState, reason: string | undefined): Life {
  return reason === undefined ? { state } : { state, reason };
}
