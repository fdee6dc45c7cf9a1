import type { Desktop, Image, LiveEvent, Machine, Me, Service } from "../../api/schemas.ts";

/** `unknown`: not asked yet. `null`: nobody is signed in. */
type SignInState = Me | null | "unknown";
type LiveConnection = "connecting" | "live" | "lost";

export interface WallState {
  readonly me: SignInState;
  readonly service: Service | null;
  readonly connection: LiveConnection;
  /** The lists were fetched at least once. */
  readonly loaded: boolean;
  readonly machines: Readonly<Record<string, Machine>>;
  readonly desktops: Readonly<Record<string, Desktop>>;
  readonly images: readonly Image[];
  /** Events since the last `hello`, until the lists that it asked for are here; null: no list is under way. */
  readonly pendingEvents: readonly LiveEvent[] | null;
  /** A sentence for the person: an action that failed. */
  readonly notice: string | null;
}

export type WallAction =
  | { readonly type: "me"; readonly me: Me | null }
  | { readonly type: "service"; readonly service: Service }
  | { readonly type: "connection"; readonly connection: LiveConnection }
  | { readonly type: "event"; readonly event: LiveEvent }
  | {
      readonly type: "lists";
      readonly machines: readonly Machine[];
      readonly desktops: readonly Desktop[];
      readonly images: readonly Image[];
    }
  | { readonly type: "images"; readonly images: readonly Image[] }
  /** What a request of ours was answered: it may be older than what an event already said. */
  | { readonly type: "machineResponse"; readonly machine: Machine }
  | { readonly type: "notice"; readonly notice: string | null };

export const emptyWall: WallState = {
  me: "unknown",
  service: null,
  connection: "connecting",
  loaded: false,
  machines: {},
  desktops: {},
  images: [],
  pendingEvents: null,
  notice: null,
};
