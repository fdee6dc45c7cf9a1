import { z } from "zod";
import { localizedText } from "./sign-in-schemas.ts";
import { accountRole } from "./user-schemas.ts";

/** One that is asked, beside the options of its kind: whom it lets in, and as what. */
const providerRow = z.object({
  id: z.string(),
  kind: z.string(),
  /** Whether a person who comes for the first time gets an account. */
  create: z.boolean(),
  viewers: z.boolean(),
  /** Null: people of all groups. */
  allowGroups: z.array(z.string()).nullable(),
  denyGroups: z.array(z.string()),
  denyPeople: z.array(z.string()),
  /** The first that fits counts. */
  roles: z.array(z.object({ role: accountRole, groups: z.array(z.string()) })),
  requireFactor: z.boolean(),
  passkeyAlone: z.boolean(),
  /** What its configuration says, by name. Null: something is set, and not shown: a secret, or a certificate. */
  options: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
  /** Whether there is something to test: POST /sign-in-settings/ID/test. */
  testable: z.boolean(),
});

/** GET /sign-in-settings → signInSettings, for administrators and auditors. Nothing of it is changed here. */
export const signInSettings = z.object({
  /** The file that says so; null: there is none, and passwords of this server's own accounts alone count. */
  file: z.string().nullable(),
  /** In the order in which they are asked. */
  providers: z.array(providerRow),
  secondFactor: z.object({
    /** Roles whose people have to have one. */
    requiredFor: z.array(accountRole),
    /** False: the server's address is a number. */
    passkeys: z.boolean(),
  }),
});
export type SignInSettings = z.infer<typeof signInSettings>;
export type ProviderRow = z.infer<typeof providerRow>;

/** POST /sign-in-settings/ID/test → providerTest. 404 `SIGN_IN_PROVIDER_UNKNOWN`, 429 `LOGIN_THROTTLED`. */
export const providerTest = z.object({
  works: z.boolean(),
  /** What was found, or what failed and what to do. */
  text: localizedText,
  milliseconds: z.number(),
});
export type ProviderTest = z.infer<typeof providerTest>;
