import { makeReason, type LifecycleEvent } from "../model/lifecycle.ts";
import type { QmpEvent } from "./qmp-messages.ts";

/** Why QEMU paused a guest by itself. The guest is resumed when the disk has free space. */
export const DISK_FULL = makeReason(
  "HOST_DISK_FULL",
  "The host's disk is full. The machine goes on when there is room.",
);
const DISK_FAULT = makeReason("HOST_DISK_FAULT", "The host's disk reported an error.");
const GUEST_PANIC = makeReason(
  "GUEST_PANIC",
  "The guest's processor stopped by an error. Reset the machine.",
);

/** The event for the result of `query-status`, for a guest whose run state is unknown; null: none. */
export function readRunState(status: string): LifecycleEvent | null {
  switch (status) {
    case "running":
      return { kind: "resumed" };
    case "paused":
      return { kind: "halted" };
    case "io-error":
      return { kind: "halted", why: DISK_FULL };
    case "internal-error":
    case "guest-panicked":
      return { kind: "halted", why: GUEST_PANIC };
    default:
      return null;
  }
}

/** What a QMP event means for a machine's lifecycle; null: nothing. */
export function readLifecycleEvent(event: QmpEvent): LifecycleEvent | null {
  switch (event.name) {
    case "RESET":
      return { kind: "reset" };
    case "STOP":
      return { kind: "halted" };
    case "RESUME":
      return { kind: "resumed" };
    case "BLOCK_IO_ERROR":
      if (event.data["action"] !== "stop") return null;
      return { kind: "halted", why: event.data["nospace"] === true ? DISK_FULL : DISK_FAULT };
    case "SHUTDOWN":
      return { kind: "ending", by: event.data["guest"] === true ? "guest" : "host" };
    default:
      return null;
  }
}
