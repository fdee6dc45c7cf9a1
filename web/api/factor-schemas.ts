/** Second factors: authenticator apps, passkeys, recovery codes; and proving anew who one is. */
import { z } from "zod";
import { signInForm } from "./sign-in-schemas.ts";

const factorName = z.string().trim().max(64);
const base64url = z.string().regex(/^[\w-]+$/, "is no base64url");

/** What WebAuthn's `create` takes as `publicKey`, or its `get`: JSON as the specification has it. */
const passkeyOptions = z.record(z.string(), z.unknown());
export type PasskeyOptions = z.infer<typeof passkeyOptions>;
export const passkeyOptionsAnswer = z.object({ options: passkeyOptions });
export type PasskeyOptionsAnswer = z.infer<typeof passkeyOptionsAnswer>;

/** What `create` gave, without what the server does not need. */
export const passkeyCreated = z.object({
  id: base64url.max(1400),
  clientDataJSON: base64url.max(2048),
  attestationObject: base64url.max(4096),
  transports: z.array(z.string().max(32)).max(8).default([]),
});
export type PasskeyCreated = z.output<typeof passkeyCreated>;

/** What `get` gave. */
export const passkeyProof = z.object({
  id: base64url.max(1400),
  clientDataJSON: base64url.max(2048),
  authenticatorData: base64url.max(1024),
  signature: base64url.max(2048),
  /** The account's id, where the passkey was found without a name. */
  userHandle: base64url.max(128).nullable().default(null),
});
export type PasskeyProof = z.output<typeof passkeyProof>;

/**
 * POST /login/passkey/options → passkeyOptionsAnswer; POST /login/passkey → me and the cookie. 403 `PASSKEY_REFUSED`,
 * `PASSKEY_SECOND`; 409 `PASSKEY_HOST`.
 */
export const passkeyLoginRequest = z.strictObject({ passkey: passkeyProof });

export const factorRow = z.object({
  id: z.string(),
  kind: z.enum(["totp", "passkey"]),
  /** As its owner calls it; may be empty. */
  name: z.string(),
  createdAt: z.number(),
  lastUsedAt: z.number().nullable(),
});
export type FactorRow = z.infer<typeof factorRow>;

/** GET /me/factors; GET /users/ID/factors. DELETE /me/factors/ID, DELETE /users/ID/factors → 204. */
export const factorList = z.object({
  factors: z.array(factorRow),
  /** How many recovery codes have not been used. */
  recoveryCodes: z.number().int(),
  /** Whether this account has to have a factor. */
  required: z.boolean(),
  /** Whether passkeys work at this server's address. */
  passkeys: z.boolean(),
});
export type FactorList = z.infer<typeof factorList>;

/** POST /me/factors/totp: shown to the person; it counts after the first right code. */
export const totpEnrolment = z.object({
  id: z.string(),
  /** Base32, to be typed. */
  secret: z.string(),
  /** `otpauth://totp/…`, for a QR code. */
  uri: z.string(),
});
export type TotpEnrolment = z.infer<typeof totpEnrolment>;

/** POST /me/factors/totp/confirm → 201 addedFactor. 403 `FACTOR_WRONG`, 410 `ENROLMENT_GONE`. Takes the place of the app of before. */
export const totpConfirmation = z.strictObject({
  id: z.string().min(1).max(64),
  code: z.string().min(1).max(64),
  name: factorName.default(""),
});

/** POST /me/factors/passkey → passkeyOptionsAnswer; then POST /me/factors/passkey/confirm → 201 addedFactor. */
export const passkeyConfirmation = z.strictObject({ passkey: passkeyCreated, name: factorName.default("") });

const codes = z.array(z.string());
export const addedFactor = z.object({
  factor: factorRow,
  /** Shown this once; absent: the person has some already. */
  recoveryCodes: codes.optional(),
});
export type AddedFactorAnswer = z.infer<typeof addedFactor>;

/** POST /me/factors/recovery-codes: new ones in the place of those of before. */
export const recoveryCodesAnswer = z.object({ recoveryCodes: codes });
export type RecoveryCodesAnswer = z.infer<typeof recoveryCodesAnswer>;

/**
 * GET /me/confirm: how this person proves who they are, as a form of the sign-in page. POST /me/confirm with its answers → 204;
 * 403 `PASSWORD_WRONG`, `FACTOR_WRONG`, `PASSKEY_REFUSED`. What is critical answers 403 `CONFIRM_REQUIRED` until then.
 */
export const confirmForm = z.object({
  /** Since when nothing more is asked for, and until when; null: it is asked for. */
  confirmedUntil: z.number().nullable(),
  form: signInForm,
});
export type ConfirmForm = z.infer<typeof confirmForm>;
export const confirmRequest = z.strictObject({ answers: z.record(z.string().max(64), z.string().max(8192)) });
