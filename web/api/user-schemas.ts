import { z } from "zod";
import { resourceId } from "./field-schemas.ts";

/** What an account may do beside its own things: nothing, everything but people and keys, everything, read only. */
export const accountRole = z.enum(["user", "operator", "admin", "auditor"]);

/** No control characters, no blanks at the ends, and nothing that is a path. */
export const userName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{C}/\s](?:[^\p{C}/]*[^\p{C}/\s])?$/u, "has characters that a name may not have");
const password = z.string().min(10, "must have at least 10 characters").max(256);
const email = z.email().max(254);

/** POST /users → 201 userRow. 409 `USER_EXISTS`; 403 `CONFIRM_REQUIRED` for an administrator. */
export const userCreateRequest = z.strictObject({
  name: userName,
  role: accountRole.default("user"),
  /** Absent: the server makes one, and tells it this once. */
  password: password.optional(),
  email: email.optional(),
  /** A program's: nobody signs in to it, and it is used by API tokens alone. */
  service: z.boolean().default(false),
});

/** PATCH /users/ID → userRow. What is absent is unchanged. 409 `LAST_ADMIN`; 403 `CONFIRM_REQUIRED` to make an administrator. */
export const userChange = z.strictObject({
  role: accountRole.optional(),
  email: email.nullable().optional(),
  state: z.enum(["enabled", "disabled"]).optional(),
});

/** POST /users/ID/password → passwordAnswer. Ends the person's logins. 403 `CONFIRM_REQUIRED`, 409 `PASSWORD_ELSEWHERE`. */
export const passwordRequest = z.strictObject({ password: password.optional() });
/** `password`: the one that the server made; absent: the caller gave one. */
export const passwordAnswer = z.object({ password: z.string().optional() });

/** GET /users (userQuery) → userRow[], by name. GET /users/ID → userRow. GET /me/account → ownAccount. DELETE /users/ID → 204; 409 `USER_HAS_MACHINES`, `LAST_ADMIN`. */
export const userRow = z.object({
  id: z.string(),
  name: z.string(),
  role: accountRole,
  state: z.enum(["enabled", "disabled"]),
  /** The sign-in provider that knows this person. */
  provider: z.string(),
  email: z.string().nullable(),
  createdAt: z.number(),
  lastLoginAt: z.number().nullable(),
});
export type UserRow = z.infer<typeof userRow>;

export const ownAccount = userRow.extend({
  /** Everybody who opens the pages has this account: it has no password, and gets no factor and no API token. */
  shared: z.literal(true).optional(),
});
export type OwnAccount = z.infer<typeof ownAccount>;

/** Names that one request may ask about. */
export const MAX_ASKED_NAMES = 200;
/** POST /users/taken → takenNames: those of them that no new account may get. It changes nothing; names would not fit into an address. */
export const takenRequest = z.strictObject({ names: z.array(userName).max(MAX_ASKED_NAMES) });
export const takenNames = z.object({ names: z.array(z.string()) });
export type TakenNames = z.infer<typeof takenNames>;

/** GET /users/ID/holdings → userHoldings: what it touches when this account is shut out or removed. */
export const userHoldings = z.object({
  /** Where the person is signed in. */
  logins: z.number().int(),
  /** Tokens of this person that work. */
  tokens: z.number().int(),
  machines: z.number().int(),
  dataDisks: z.number().int(),
});
export type UserHoldings = z.infer<typeof userHoldings>;

export const createdUser = userRow.extend(passwordAnswer.shape);
export type CreatedUser = z.infer<typeof createdUser>;

export const userQuery = z.object({
  /** In the name or the e-mail address. */
  search: z.string().min(1).max(64).optional(),
  role: accountRole.optional(),
  state: z.enum(["enabled", "disabled"]).optional(),
  /** The last name of the page before. */
  after: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** GET /users/ID/logins, GET /me/logins → loginRow[], newest first. DELETE one → 204; DELETE all → 204, the caller's own stays. */
export const loginRow = z.object({
  id: z.string(),
  address: z.string().nullable(),
  browser: z.string().nullable(),
  createdAt: z.number(),
  lastSeenAt: z.number(),
  expiresAt: z.number(),
  /** It carries this request. */
  current: z.boolean(),
});
export type LoginRow = z.infer<typeof loginRow>;
export const loginParams = z.object({ id: resourceId, loginId: resourceId });

/** POST /me/password → 204. Ends the person's other logins. 403 `PASSWORD_WRONG`, 409 `PASSWORD_ELSEWHERE`. */
export const ownPasswordRequest = z.strictObject({ current: z.string().min(1).max(256), password });
