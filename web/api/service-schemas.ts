import { z } from "zod";

/** GET /service → what pages show about this server. */
export const service = z.object({
  fingerprint: z.string(),
  web: z.object({ host: z.string(), port: z.number() }),
  /** Where a VNC viewer goes; null: no plain RFB listener. */
  rfb: z.object({ host: z.string(), port: z.number() }).nullable(),
  /** What viewers that encrypt by RSA-AES show before they ask for the token: 8 bytes in hexadecimal, with dashes. */
  viewerFingerprint: z.string(),
  /** For administrators: what to type on the server for a join secret; null: for others, or not known. */
  joinCommand: z.string().nullable().default(null),
});
export type Service = z.infer<typeof service>;

/** GET /ca → the service's own certificate authority, PEM; `/ca.pem` beside the pages is the same as a file. */
export const authority = z.object({ certificate: z.string(), fingerprint: z.string() });
export type Authority = z.infer<typeof authority>;

/** GET /ca/status, POST /ca/rotate, POST /ca/retire ({force}) → authorityStatus (administrators). 409 `CA_…`. */
export const authorityStatus = z.object({
  fingerprint: z.string(),
  /** The previous CA, until it is retired. */
  previous: z.object({ fingerprint: z.string(), rotatedAt: z.number() }).nullable(),
  /** Agents that have not been here since it was rotated. */
  behind: z.array(z.object({ id: z.string(), name: z.string(), lastSeenAt: z.number().nullable() })),
});
/** `force`: whether the agents that have not been here know the new one or not. */
export const authorityRetirement = z.object({ force: z.boolean().default(false) });
export type AuthorityStatus = z.infer<typeof authorityStatus>;
