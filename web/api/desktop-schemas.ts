import { z } from "zod";
import { resourceId } from "./field-schemas.ts";
import { accessLevel } from "./rights-schemas.ts";

export const desktop = z.object({
  id: z.string(),
  name: z.string(),
  agent: z.object({ id: z.string(), name: z.string() }),
  machineId: z.string().nullable(),
  state: z.enum(["online", "offline"]),
  /** How far the caller's right to it goes. */
  access: accessLevel,
  viewers: z.number().int(),
});
/**
 * GET /desktops → desktop[]; DELETE /desktops/ID → 204: one that is not published now is removed, with its tokens
 * (administrators), 409 `DESKTOP_IN_USE`; GET /desktops/ID/profile?format=… → a file for a VNC viewer, or for `uri` one line of text;
 * 404 `DESKTOP_UNKNOWN`, 409 `VIEWERS_OFF`.
 */
export type Desktop = z.infer<typeof desktop>;

/** POST /desktops/shown → 204: a page in front shows them now, so that one may be opened next; again every two minutes. */
export const shownDesktops = z.object({ desktops: z.array(resourceId).max(64) });

/** `vnc` is for UltraVNC and TightVNC. */
export const profileFormat = z.enum(["tigervnc", "realvnc", "vnc", "uri"]);
export const profileQuery = z.object({ format: profileFormat });
export type ProfileFormat = z.infer<typeof profileFormat>;
