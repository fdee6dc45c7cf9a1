import type { Desktop } from "./desktop-schemas.ts";
import type { Machine } from "./machine-schemas.ts";

/**
 * GET /events → text/event-stream. Each event's `data` is one liveEvent as JSON: the whole object, so that the list
 * need not be fetched again; `gone` names an id that disappeared. A `hello` comes first: fetch the lists then. A `beat`
 * every two seconds is a sign of life.
 */
export type LiveEvent =
  | { readonly type: "hello" }
  | { readonly type: "beat" }
  | { readonly type: "machine"; readonly machine: Machine }
  | { readonly type: "desktop"; readonly desktop: Desktop }
  | { readonly type: "gone"; readonly kind: "machine" | "desktop"; readonly id: string }
  | { readonly type: "images" };
