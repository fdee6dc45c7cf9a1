/** The REST API's shapes: the one place that server, pages and CLI share. All under `/api/v1`, JSON. */
import { AGENT_ROLES, PERMISSIONS } from "../../protocol/index.ts";
import { z } from "zod";
import type { Machine } from "./machine-schemas.ts";
import { signInForm } from "./sign-in-schemas.ts";

export * from "./machine-schemas.ts";
export * from "./sign-in-schemas.ts";

export const errorBody = z.object({
  error: z.object({
    code: z.string(),
    /** What happened, why, what to do. */
    message: z.string(),
    /** For `DESKTOP_AMBIGUOUS`: `AGENT/NAME` each. */
    choices: z.array(z.string()).optional(),
    /** For `LOGIN_REQUIRED`. */
    signIn: signInForm.optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBody>;

/** GET /service → what pages show about this server. */
export const service = z.object({
  fingerprint: z.string(),
  web: z.object({ host: z.string(), port: z.number() }),
  /** Where a VNC viewer goes; null: no plain RFB listener. */
  rfb: z.object({ host: z.string(), port: z.number() }).nullable(),
});
export type Service = z.infer<typeof service>;

/** GET /ca → the service's own certificate authority, PEM; `/ca.pem` beside the pages is the same as a file. */
export const authority = z.object({ certificate: z.string(), fingerprint: z.string() });
export type Authority = z.infer<typeof authority>;

/** GET /ca/status, POST /ca/rotate, POST /ca/retire ({force}) → authorityStatus (administrators). 409 `CA_…`. */
export const authorityStatus = z.object({
  fingerprint: z.string(),
  /** The CA before, until it is retired. */
  previous: z.object({ fingerprint: z.string(), rotatedAt: z.number() }).nullable(),
  /** Agents that have not been here since it was rotated. */
  behind: z.array(z.object({ id: z.string(), name: z.string(), lastSeenAt: z.number().nullable() })),
});
export type AuthorityStatus = z.infer<typeof authorityStatus>;

export const desktop = z.object({
  id: z.string(),
  name: z.string(),
  agent: z.object({ id: z.string(), name: z.string() }),
  machineId: z.string().nullable(),
  state: z.enum(["online", "offline"]),
  viewers: z.number().int(),
});
/**
 * GET /desktops → desktop[]; GET /desktops/ID/profile?format=… → a file for a VNC viewer, or for `uri` one line of text;
 * 404 `DESKTOP_UNKNOWN`, 409 `VIEWERS_OFF`.
 */
export type Desktop = z.infer<typeof desktop>;

/** POST /desktops/shown → 204: a page in front shows them now, so that one may be opened next; again every two minutes. */
export const shownDesktops = z.object({ desktops: z.array(z.string().min(1).max(64)).max(64) });

/** `vnc` is for UltraVNC and TightVNC. */
export const profileFormat = z.enum(["tigervnc", "realvnc", "vnc", "uri"]);
export type ProfileFormat = z.infer<typeof profileFormat>;

/** What a viewer may be denied, beside the role. Each at most once, in any order. */
export const permission = z.enum(PERMISSIONS);
const denied = z.array(permission).max(PERMISSIONS.length);

export const tokenRequest = z.object({
  /** Desktop id, `NAME` or `AGENT/NAME`. */
  desktop: z.string().min(1).max(140),
  role: z.enum(["view", "control"]).default("control"),
  deny: denied.default([]),
  ttlSeconds: z.number().int().min(1).max(31_536_000).default(3600),
});
/** POST /tokens (tokenRequest) → 201 token. 404 `DESKTOP_UNKNOWN`, 409 `DESKTOP_AMBIGUOUS` with choices. */
export const token = z.object({
  id: z.string(),
  token: z.string(),
  desktop: z.string(),
  role: z.enum(["view", "control"]),
  denied,
  expiresAt: z.number(),
  /** `HOST:PORT` for a VNC viewer (host::port in TigerVNC's notation is the page's affair); null: no RFB listener. */
  address: z.string().nullable(),
});
export type Token = z.infer<typeof token>;
export const tokenRow = token
  .omit({ token: true, address: true })
  .extend({ name: z.string(), state: z.string() });
/** GET /tokens → tokenRow[]; PATCH /tokens/ID (tokenChange) → tokenRow; DELETE /tokens/ID → 204. The last two end its sessions. */
export type TokenRow = z.infer<typeof tokenRow>;

/** What is not named stays. */
export const tokenChange = z.object({
  role: z.enum(["view", "control"]).optional(),
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
    desktop: z.string().min(1).max(140),
    ttlSeconds: z.number().int().min(1).max(31_536_000).default(86_400),
  }),
  z.strictObject({
    server: z.string().regex(/^[^\p{Cc}/]{1,64}$/u),
    ttlSeconds: z.number().int().min(1).max(31_536_000).default(86_400),
  }),
]);
/** → 201 repeaterId. 404 `DESKTOP_UNKNOWN`, 409 `DESKTOP_AMBIGUOUS` with choices. */
export const repeaterId = z.object({ number: z.string(), expiresAt: z.number() });
export type RepeaterNumber = z.infer<typeof repeaterId>;

/** POST /join-secrets → 201 joinSecret (administrators) */
export const joinSecret = z.object({ secret: z.string(), fingerprint: z.string(), expiresAt: z.number() });

export const agent = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum([...AGENT_ROLES, "mip1"]),
  state: z.enum(["online", "offline", "revoked"]),
  lastSeenAt: z.number().nullable(),
  /** How often its key was seen in use in two places since the server started: 0, or somebody has copied it. */
  clones: z.number().int(),
});
/**
 * GET /agents → agent[]; DELETE /agents/ID → 204: revoked for good; POST /agents/ID/rotate → 204: it has a new key
 * (administrators). 404 `AGENT_UNKNOWN`, 409 `AGENT_OUTDATED`, `AGENT_NOT_ROTATED`, 503 `AGENT_OFFLINE`, 504 `AGENT_TIMEOUT`.
 */
export type Agent = z.infer<typeof agent>;

export const session = z.object({
  id: z.string(),
  /** The desktop's name. */
  name: z.string(),
  desktopId: z.string(),
  state: z.enum(["open", "closed"]),
  method: z.enum(["token", "ticket"]),
  transport: z.enum(["rfb", "websocket"]),
  role: z.enum(["view", "control"]),
  denied,
  source: z.string(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  cause: z.string().nullable(),
  bytesToViewer: z.number(),
  bytesToServer: z.number(),
});
/** GET /sessions?state=open|closed&limit=N → session[], newest first; DELETE /sessions/ID → 204 ends it (administrators) */
export type Session = z.infer<typeof session>;

const named = z.object({ id: z.string().nullable(), name: z.string().nullable() });
/** What a caller may ask for; `action` is one action, or `session` for all that begin so; times are epoch milliseconds. */
export const auditQuery = z.object({
  since: z.coerce.number().int().optional(),
  until: z.coerce.number().int().optional(),
  action: z.string().min(1).max(64).optional(),
  actor: z.string().min(1).max(64).optional(),
  desktop: z.string().min(1).max(140).optional(),
  outcome: z.enum(["success", "failure"]).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export const auditEvent = z.object({
  /** The line's number in the log of one server. */
  id: z.string(),
  /** The action, e.g. `session.start`. */
  name: z.string(),
  state: z.enum(["success", "failure"]),
  serverId: z.string(),
  at: z.number(),
  reason: z.string().nullable(),
  actor: named,
  source: z.object({ address: z.string().nullable(), port: z.number().nullable() }),
  method: z.string().nullable(),
  transport: z.string().nullable(),
  role: z.string().nullable(),
  sessionId: z.string().nullable(),
  desktop: named,
  machineId: z.string().nullable(),
  agentId: z.string().nullable(),
  /** A data disk, as `OWNER/NAME`. */
  diskName: z.string().nullable(),
  tokenId: z.string().nullable(),
  count: z.number().nullable(),
  bytesToViewer: z.number().nullable(),
  bytesToServer: z.number().nullable(),
  durationMs: z.number().nullable(),
});
/** GET /audit (auditQuery) → auditEvent[] of this server, newest first (administrators); reading it is an event too */
export type AuditRow = z.infer<typeof auditEvent>;

/** GET /audit/key → the key that this server's checkpoints are checked with (administrators) */
export const auditKey = z.object({ serverId: z.string(), publicKey: z.string() });

/**
 * GET /events → text/event-stream. Each event's `data` is one liveEvent as JSON: the whole object, so that nobody has to
 * fetch the list again; `gone` says which id disappeared. A `hello` comes first: fetch the lists then.
 */
export type LiveEvent =
  | { readonly type: "hello" }
  | { readonly type: "machine"; readonly machine: Machine }
  | { readonly type: "desktop"; readonly desktop: Desktop }
  | { readonly type: "gone"; readonly kind: "machine" | "desktop"; readonly id: string }
  | { readonly type: "images" };
