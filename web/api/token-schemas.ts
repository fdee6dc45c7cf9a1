import { z } from "zod";
import { denied, desktopReference, ttlSeconds, viewerRole } from "./field-schemas.ts";

export const tokenRequest = z.object({
  desktop: desktopReference,
  role: viewerRole.default("control"),
  deny: denied.default([]),
  ttlSeconds: ttlSeconds.default(3600),
});
/** POST /tokens (tokenRequest) → 201 token. 404 `DESKTOP_UNKNOWN`, 409 `DESKTOP_AMBIGUOUS` with choices. */
export const token = z.object({
  id: z.string(),
  token: z.string(),
  desktop: z.string(),
  role: viewerRole,
  denied,
  expiresAt: z.number(),
  /** `HOST:PORT` for a VNC viewer (the page writes TigerVNC's host::port); null: no RFB listener. */
  address: z.string().nullable(),
});
export type Token = z.infer<typeof token>;
/** A row has what every list has: id, name and state. The name is the desktop's. */
export const tokenRow = token
  .omit({ token: true, address: true })
  .extend({ name: z.string(), state: z.string() });
/** GET /tokens → tokenRow[]; PATCH /tokens/ID (tokenChange) → tokenRow; DELETE /tokens/ID → 204. The last two end its sessions. */
export type TokenRow = z.infer<typeof tokenRow>;

/** Fields that are absent are unchanged. */
export const tokenChange = z.object({
  role: viewerRole.optional(),
  deny: denied.optional(),
});

export const ticketRequest = tokenRequest.omit({ ttlSeconds: true });
/** POST /tickets (ticketRequest) → 201 ticket: for `new WebSocket(url, protocols)`, one use, 60 s. */
export const ticket = z.object({
  url: z.string(),
  protocols: z.array(z.string()),
  expiresAt: z.number(),
  desktop: z.string(),
});
export type Ticket = z.infer<typeof ticket>;

/** POST /repeater-ids (administrators): a number for viewers of `desktop`, or for a new desktop `server` that dials in. */
export const repeaterRequestBody = z.union([
  z.strictObject({
    desktop: desktopReference,
    ttlSeconds: ttlSeconds.default(86_400),
    /** Five digits, for viewers that take no longer number. */
    short: z.boolean().default(false),
  }),
  z.strictObject({
    server: z.string().regex(/^[^\p{Cc}/]{1,64}$/u),
    ttlSeconds: ttlSeconds.default(86_400),
  }),
]);
/** → 201 repeaterId. 404 `DESKTOP_UNKNOWN`, 409 `DESKTOP_AMBIGUOUS` with choices. */
export const repeaterId = z.object({ number: z.string(), expiresAt: z.number() });
export type RepeaterNumber = z.infer<typeof repeaterId>;
