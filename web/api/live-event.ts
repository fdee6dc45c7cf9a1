import { z } from "zod";
import { desktop } from "./desktop-schemas.ts";
import { machine } from "./machine-schemas.ts";

/**
 * GET /events → text/event-stream. Each event's `data` is one liveEvent as JSON: the whole object, so that the list
 * need not be fetched again; `gone` names an id that disappeared. A `hello` comes first: fetch the lists then. A `beat`
 * every two seconds is a sign of life.
 */
export const liveEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello") }),
  z.object({ type: z.literal("beat") }),
  z.object({ type: z.literal("machine"), machine }),
  z.object({ type: z.literal("desktop"), desktop }),
  z.object({ type: z.literal("gone"), kind: z.enum(["machine", "desktop"]), id: z.string() }),
  z.object({ type: z.literal("images") }),
]);
export type LiveEvent = z.infer<typeof liveEvent>;
