import { z } from "zod";

/** A text that the server gives the pages, in each language that they speak. */
const localizedText = z.object({ en: z.string(), fr: z.string() });

const signInField = z.object({
  /** The key of its value in loginRequest. */
  name: z.string(),
  kind: z.enum(["text", "password"]),
  label: localizedText,
  /** Shown when it was left empty. */
  missing: localizedText,
  /** For password managers: a token of HTML's `autocomplete`. */
  autocomplete: z.string(),
  maxLength: z.number().int(),
});
export type SignInField = z.infer<typeof signInField>;

const signInButton = z.object({
  label: localizedText,
  /** Where it leads; null: it submits the fields. */
  href: z.string().nullable(),
});

/** What the sign-in page shows; part of a 401 `LOGIN_REQUIRED`. */
export const signInForm = z.object({ fields: z.array(signInField), buttons: z.array(signInButton) });
export type SignInForm = z.infer<typeof signInForm>;

/** Fields of other sign-in providers come beside these two. */
export const loginRequest = z.object({
  name: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
});
/** GET /me → me; POST /login → me and the cookie; POST /logout → 204. 401 `LOGIN_REQUIRED`, 401 `LOGIN_REFUSED`, 429 `LOGIN_THROTTLED`. */
export const me = z.object({ name: z.string(), role: z.enum(["admin", "user"]) });
export type Me = z.infer<typeof me>;
