import { z } from "zod";
import { denied, resourceId, viewerRole } from "./field-schemas.ts";

export const session = z.object({
  id: z.string(),
  /** The desktop's name. */
  name: z.string(),
  desktopId: z.string(),
  state: z.enum(["open", "closed"]),
  method: z.enum(["token", "ticket", "account"]),
  transport: z.enum(["rfb", "websocket"]),
  /** The name of who opened it in the browser, or made the token that opened it; null: not known any more. */
  person: z.string().nullable().default(null),
  role: viewerRole,
  denied,
  source: z.string(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  cause: z.string().nullable(),
  bytesToViewer: z.number(),
  bytesToServer: z.number(),
});
export const sessionQuery = z.object({
  state: z.enum(["open", "closed"]).optional(),
  /** The id of the last session of the page before. */
  after: resourceId.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
/** GET /sessions (sessionQuery) → session[], newest first; DELETE /sessions/ID → 204 ends it (administrators) */
export type Session = z.infer<typeof session>;
