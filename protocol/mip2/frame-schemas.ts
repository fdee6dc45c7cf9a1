import { z } from "zod";
import { AGENT_ROLES, cleanName, MAX_DESKTOP_NAME_LENGTH, SAFE_NAME } from "./names.ts";

/** Schemas of the JSON frames. Unknown keys are ignored, so that newer peers can send more. */

/** A desktop's name as peers of every release send it. What is given a name from now on has a {@link desktopName}. */
export const receivedDesktopName = z
  .string()
  .min(1)
  .max(MAX_DESKTOP_NAME_LENGTH)
  .regex(/^[^\p{Cc}/]+$/u, "no control characters and no slash");

export const desktopName = receivedDesktopName.regex(
  SAFE_NAME,
  "no invisible characters and no blanks at its ends",
);

/**
 * A text of a peer for people to read: one line, without what {@link SAFE_NAME} refuses. A longer one is cut: it may quote
 * a guest or an image, whose words must not cost the peer its connection.
 */
export const peerText = (maxLength: number) =>
  z.string().overwrite((text) => cleanName(text.slice(0, maxLength)));

const base64 = (bytes: number) => z.string().refine((text) => Buffer.from(text, "base64").length === bytes);

/**
 * What a peer supports beyond the first revision. It never receives frames of a feature that it did not name.
 * Unknown names are ignored.
 */
export const features = z.array(z.string().max(32)).max(32).optional();
/** The agent opens spare connections on request. */
export const FEATURE_SPARE = "spare";
/** The agent creates a new key on request. */
export const FEATURE_ROTATE = "rotate";
/** The agent processes announcements of a new service CA. */
export const FEATURE_AUTHORITY = "authority";
/** The agent knows the refusal `ROLE_REFUSED`; others are told `JOIN_REFUSED`, which they know. */
export const FEATURE_ROLE = "role";

/** Type 4, agent → server. `enrol` redeems a join secret for a key that the server does not know yet. */
export const proof = z.object({
  /** Ed25519 signature of {@link proofMessage}. */
  signature: base64(64),
  enrol: z
    .object({
      secret: z.string().min(1).max(128),
      publicKey: base64(32),
      /** Shown to administrators, never to a viewer. */
      name: z.string().min(1).max(64),
    })
    .optional(),
  /** Whether it also serves machine requests. Only a claim: the server compares it with what it has on record. */
  role: z.enum(AGENT_ROLES),
  software: z.string().max(64),
  features,
  /**
   * Random, constant for the lifetime of the agent's process. Two values for one key mean that the key is
   * used in two places.
   */
  instance: z.string().max(64).optional(),
});
export type Proof = z.infer<typeof proof>;

/** Type 5, server → agent. */
export const welcome = z.object({
  agentId: z.string(),
  name: z.string(),
  pingIntervalMs: z.number().int().positive(),
});
export type Welcome = z.infer<typeof welcome>;

/**
 * Type 6, server → agent; the connection closes afterwards. `retryAfterMs` absent: do not reconnect with the
 * same key.
 */
export const refused = z.object({
  code: z.enum([
    "AGENT_UNKNOWN",
    "AGENT_REVOKED",
    "JOIN_REFUSED",
    "PROOF_REFUSED",
    "ROLE_REFUSED",
    "VERSION",
    "BUSY",
    "REPLACED",
  ]),
  message: peerText(300),
  retryAfterMs: z.number().int().nonnegative().optional(),
});
export type Refused = z.infer<typeof refused>;

/** Type 7, agent → server; answered by a reply (type 13) with the same id: `{desktopId}`. */
export const publish = z.object({
  id: z.number().int().nonnegative(),
  name: receivedDesktopName,
  machineId: z.string().max(64).optional(),
});
export type Publish = z.infer<typeof publish>;

/** Type 8, agent → server. */
export const withdraw = z.object({ name: receivedDesktopName });

/** Type 11, server → agent: disconnect, and reconnect after a random time within the spread. */
export const drain = z.object({
  reason: peerText(200),
  reconnectWithinMs: z.number().int().nonnegative(),
});

/** Type 12, server → host. @see host-methods.ts */
export const request = z.object({
  id: z.number().int().nonnegative(),
  method: z.string().max(64),
  params: z.unknown(),
});
export type Request = z.infer<typeof request>;

/** Type 13. */
export const reply = z.union([
  z.object({ id: z.number().int().nonnegative(), ok: z.literal(true), result: z.unknown() }),
  z.object({
    id: z.number().int().nonnegative(),
    ok: z.literal(false),
    error: z.object({ code: z.string().max(64), message: peerText(1000) }),
  }),
]);
export type Reply = z.infer<typeof reply>;

/** Type 16, server → agent with the feature `spare`: open this many spare connections there, if permitted. */
export const spareWanted = z.object({
  count: z.number().int().min(1).max(8),
  /** As in a Setup request: empty means the server of the control connection. */
  proxyHost: z.string().max(255),
  proxyPort: z.number().int().min(0).max(65_535),
});
export type SpareWanted = z.infer<typeof spareWanted>;

/** Type 17, server → agent with the feature `rotate`: create a new key. */
export const rotate = z.object({});

/** Type 18, agent → server: the old key and the new one both sign {@link rotationMessage}. */
export const newKey = z.object({
  publicKey: base64(32),
  signature: base64(64),
  /** Signature of the new key. */
  possession: base64(64),
});
export type NewKey = z.infer<typeof newKey>;

/**
 * Type 19, server → agent with the feature `authority`: the service's CA, PEM. A single CA is self-signed.
 * During a rotation, the new CA is certified by the previous CA, which follows it.
 */
export const serviceAuthority = z.object({ certificates: z.array(z.string().max(4096)).min(1).max(4) });
export type ServiceAuthority = z.infer<typeof serviceAuthority>;

/** Type 14, host → server. @see host-methods.ts */
export const event = z.object({ name: z.string().max(64), data: z.unknown() });
