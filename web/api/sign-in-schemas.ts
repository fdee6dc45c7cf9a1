import { z } from "zod";
import { accountRole } from "./user-schemas.ts";

/** A text that the server gives the pages, in each language that they speak. */
export const localizedText = z.object({ en: z.string(), fr: z.string() });
export type LocalizedText = z.infer<typeof localizedText>;

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
  /** Fields that it does not submit, by name: they may stay empty. */
  without: z.array(z.string()).optional(),
});

/** The button of a passkey: `alone`: with what POST /login/passkey/options answers; else with `options`, its result as JSON in the answer `passkey`. */
const signInPasskey = z.discriminatedUnion("use", [
  z.object({ use: z.literal("alone") }),
  z.object({ use: z.enum(["get", "create"]), options: z.record(z.string(), z.unknown()) }),
]);

/** What the sign-in page shows; part of a 401 `LOGIN_REQUIRED`. */
export const signInForm = z.object({
  fields: z.array(signInField),
  buttons: z.array(signInButton),
  /** What this step is about. */
  text: localizedText.optional(),
  passkey: signInPasskey.optional(),
  /** Whether who has no account may ask for one: POST /sign-up. */
  signUp: z.boolean().optional(),
  /** A key for an authenticator app: as a QR code (`uri`), and to be typed. */
  totp: z.object({ uri: z.string(), secret: z.string() }).optional(),
  /** To be kept; shown this once. */
  recoveryCodes: z.array(z.string()).optional(),
  /** Other fields in the place of these, one way at a time. */
  alternatives: z.array(z.object({ label: localizedText, fields: z.array(signInField) })).optional(),
});
export type SignInForm = z.infer<typeof signInForm>;

/**
 * What a role may do beside its own things. `oversee`: see everything but screens; `operate`: act on machines, hosts, agents and
 * sessions, screens included; `administer`: people, keys, invitations; `audit`: read the audit log.
 */
export const power = z.enum(["oversee", "operate", "administer", "audit"]);
export type Power = z.infer<typeof power>;

/** Fields of other sign-in providers come beside these two. Where a provider needs no password it may be absent, and where one needs no name either, both; a name may be longer. */
export const loginRequest = z.object({
  name: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
});
/** POST /login answers 202 with it where more is needed: its fields, by POST /login/step. It holds for ten minutes and five tries. */
export const loginStep = z.object({ step: z.object({ id: z.string(), form: signInForm }) });
export type LoginStep = z.infer<typeof loginStep>;
/** POST /login/step → as POST /login. 401 `LOGIN_REFUSED` (try again), 410 `LOGIN_STEP_GONE` (begin again). */
export const loginStepRequest = z.object({
  id: z.string().min(1).max(64),
  answers: z.record(z.string().max(64), z.string().max(8192)),
});

/** POST /login/step/show → loginStep, for a page that came back from another site with a step's id. It counts as one of its tries. */
export const loginStepShow = loginStepRequest.pick({ id: true });

/**
 * POST /logout → 204, or 200 signedOut: `next` is where the browser goes to sign out at the service that it signed in by.
 *
 * For browsers, not for programs: GET /sign-in/PROVIDER?to=PATH sends the browser to another service's page, and it comes back to
 * GET /sign-in/PROVIDER/callback. Both answer 303; what went wrong is `/?refused=CODE`, what is asked next `#step=ID` behind the wanted page.
 * For the service itself: POST /sign-in/PROVIDER/backchannel-logout (form, `logout_token`) → 204. 400 `LOGOUT_TOKEN_INVALID`.
 */
export const signedOut = z.object({ next: z.url() });
export type SignedOut = z.infer<typeof signedOut>;

/** GET /sign-in/PROVIDER */
export const redirectQuery = z.object({
  /** The page that the person wanted: one of ours. */
  to: z
    .string()
    .max(200)
    .regex(/^\/(?!\/)[\w\-.~%/]*$/)
    .optional(),
  /** The browser was sent to the right host already. */
  here: z.literal("1").optional(),
});
/** POST /sign-in/PROVIDER/backchannel-logout, as a form */
export const backchannelLogout = z.object({ logout_token: z.string() });

/** GET /me → me; POST /login → me and the cookie, or 202 loginStep. 401 `LOGIN_REQUIRED`, 401 `LOGIN_REFUSED`, 429 `LOGIN_THROTTLED`, 503 `LOGIN_UNAVAILABLE`. */
export const me = z.object({
  name: z.string(),
  role: accountRole,
  /** What the role may do; the pages show no more than that. */
  powers: z.array(power),
});
export type Me = z.infer<typeof me>;
