import type { LifeEvent } from "../life/transition.ts";
import type { QmpEvent } from "./messages.ts";

/** What a QMP event means for a machine's life; null: nothing. */
export function readLifeEvent(event: QmpEvent): LifeEvent | null {
  switch (event.name) {
    case "RESET":
      return { kind: "reset" };
    case "POWERDOWN":
      // Somebody pressed the power button; only we can, and whether the guest cares is unknown.
      return { kind: "ending", by: "user" };
    case "SHUTDOWN":
      return { kind: "ending", by: event.data["guest"] === true ? "guest" : "host" };
    default:
      return null;
  }
}
