import type { DesktopView, Role } from "../state/records.ts";

/** Whom a viewer has proved to be: what it may see, and how. */
export interface Identity {
  readonly desktop: DesktopView;
  readonly role: Role;
  readonly method: "token" | "ticket";
  /** Token id, or the user who made the ticket. */
  readonly subject: string;
}
