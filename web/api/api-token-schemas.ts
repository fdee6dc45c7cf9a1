import { z } from "zod";
import { resourceId } from "./field-schemas.ts";
import { accountRole } from "./user-schemas.ts";

/**
 * What an API token may do at most; never more than its account's role. `read`: lists, states, pictures; `machines`: make, run and
 * remove machines, their snapshots and disks; `desktops`: connect, and let others connect; `admin`: everything else that the role
 * may: people, hosts, agents, sessions, keys, the audit log.
 */
export const apiScope = z.enum(["read", "machines", "desktops", "admin"]);
export type ApiScope = z.infer<typeof apiScope>;

/** Each at most once, in any order. */
const apiScopes = z.array(apiScope).min(1).max(apiScope.options.length);
const addressRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
const tokenName = z.string().regex(/^[^\p{C}]{1,64}$/u, "has characters that a name may not have");

export const apiTokenRequest = z.strictObject({
  /** For people: where it is used. */
  name: tokenName,
  scopes: apiScopes,
  /** At most a year. */
  ttlSeconds: z.number().int().min(60).max(31_536_000).default(2_592_000),
  /** Addresses and networks that it may come from, such as `192.0.2.7` and `10.0.0.0/8`; absent: any. */
  sources: z.array(addressRange).max(16).default([]),
});

/** GET /me/api-tokens, GET /users/ID/api-tokens → apiTokenRow[], newest first, never their values. DELETE one → 204. */
export const apiTokenRow = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(apiScope),
  sources: z.array(z.string()),
  createdAt: z.number(),
  expiresAt: z.number(),
  /** To the minute; null: never. */
  lastUsedAt: z.number().nullable(),
});
export type ApiTokenRow = z.infer<typeof apiTokenRow>;

/** POST /me/api-tokens, POST /users/ID/api-tokens (service accounts) → 201: its value is told this once. */
export const createdApiToken = apiTokenRow.extend({
  /** `pst_` and 43 characters, for `Authorization: Bearer`. */
  token: z.string(),
});
export type CreatedApiToken = z.infer<typeof createdApiToken>;
export const apiTokenParams = z.object({ id: resourceId, tokenId: resourceId });

/** POST /device-logins → 201 deviceLogin: a command line asks for an API token. */
export const deviceLoginRequest = z.strictObject({ name: tokenName, scopes: apiScopes });
export const deviceLogin = z.object({
  /** The command line keeps it to itself. */
  device: z.string(),
  /** The person types it at `/device`. */
  code: z.string(),
  expiresAt: z.number(),
  /** Between two questions whether it was confirmed. */
  intervalSeconds: z.number(),
});
export type DeviceLogin = z.infer<typeof deviceLogin>;

/** What the person types: capitals or not, with the dash or without. */
export const deviceCode = z.string().regex(/^[A-Za-z -]{8,12}$/, "is eight letters");
export const deviceCodeParams = z.object({ code: deviceCode });

/** GET /device-logins/CODE → what the person is asked; POST /device-logins/CODE/confirm → 204, DELETE → 204: refused. */
export const deviceQuestion = z.object({
  name: z.string(),
  scopes: z.array(apiScope),
  address: z.string().nullable(),
  createdAt: z.number(),
});
export type DeviceQuestion = z.infer<typeof deviceQuestion>;
/** What the person gives; no more than was asked for. */
export const deviceConfirmation = z.strictObject({ scopes: apiScopes });

/** POST /device-logins/token → 202 while nobody has answered, 201 deviceToken once somebody has. 410 `DEVICE_LOGIN_GONE`. */
export const deviceTokenRequest = z.strictObject({ device: z.string().min(1).max(64) });
export const deviceWaiting = z.object({ state: z.literal("waiting") });
export const deviceToken = createdApiToken.extend({ user: z.string(), role: accountRole });
export type DeviceToken = z.infer<typeof deviceToken>;
