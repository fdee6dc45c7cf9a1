import type { Desktop, Image, LiveEvent, Machine, Me, Service } from "../../api/schemas.ts";

/** `unknown`: not requested yet. `null`: signed out. */
type SignInState = Me | null | "unknown";
type LiveConnection = "connecting" | "live" | "lost";

export interface WallState {
  readonly me: SignInState;
  readonly service: Service | null;
  readonly connection: LiveConnection;
  /** The lists were loaded at least once. */
  readonly loaded: boolean;
  readonly machines: Readonly<Record<string, Machine>>;
  readonly desktops: Readonly<Record<string, Desktop>>;
  readonly images: readonly Image[];
  /**
   * Events since the last `hello`, until the lists requested after it are loaded. Null: no lists are loading.
   */
  readonly pendingEvents: readonly LiveEvent[] | null;
  /** A text for the person about an action that failed. */
  readonly notice: string | null;
}

export type WallAction =
  | { readonly type: "me"; readonly me: Me | null }
  | { readonly type: "service"; readonly service: Service }
  | { readonly type: "connection"; readonly connection: LiveConnection }
  | { readonly type: "events"; readonly events: readonly LiveEvent[] }
  | {
      readonly type: "lists";
      readonly machines: readonly Machine[];
      readonly desktops: readonly Desktop[];
      readonly images: readonly Image[];
    }
  | { readonly type: "images"; readonly images: readonly Image[] }
  /** The response to a request of this page: it may be older than what an event already said. */
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
