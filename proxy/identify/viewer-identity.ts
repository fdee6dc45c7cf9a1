import type { Permission } from "../../protocol/index.ts";
import type { DesktopView, Role, SessionRecord } from "../state/state-records.ts";

/** The proven identity of a viewer: what it may see, and how. */
export interface ViewerIdentity {
  readonly desktop: DesktopView;
  readonly role: Role;
  readonly denied: readonly Permission[];
  readonly method: SessionRecord["method"];
  /** Token id, or the user who made the ticket or has signed in. */
  readonly subject: string;
  /** The name of whose account made the ticket or the token; null: it is no account's, or gone. */
  readonly person: string | null;
  /** The account that gave the right, and without whose own the session ends; null: no account's. */
  readonly rightOf: string | null;
  /** The subject is an account, whose end ends the session. */
  readonly byAccount: boolean;
  /** SHA-256 of the cookie of the login that opened it, whose end ends the session; null: none. */
  readonly loginHash: string | null;
  /** When its right ends, by the monotonic clock; null: not by itself. */
  readonly endsAt: number | null;
}
