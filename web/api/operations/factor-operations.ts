import {
  addedFactor,
  backchannelLogout,
  confirmForm,
  confirmRequest,
  factorList,
  loginStep,
  loginStepShow,
  passkeyConfirmation,
  passkeyLoginRequest,
  passkeyOptionsAnswer,
  recoveryCodesAnswer,
  redirectQuery,
  totpConfirmation,
  totpEnrolment,
  userHoldings,
  ownAccount,
} from "../schemas.ts";
import { ID, SIGN_IN_STEP_EXAMPLE, TIMES_EXAMPLE, USER_EXAMPLE } from "./examples.ts";
import { answerWith, NO_CONTENT, type Operation } from "./operation.ts";
import { SIGNED_IN } from "./sign-in-operations.ts";

const STEP = "s".repeat(43);
const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const RECOVERY_CODES = ["abcd-efgh-jkmn-pqrs", "tuvw-xyz2-3456-7abc"];
const FACTOR_EXAMPLE = {
  id: ID.factor,
  kind: "passkey",
  name: "Key ring",
  createdAt: TIMES_EXAMPLE.created,
  lastUsedAt: null,
};
const FACTORS_EXAMPLE = { factors: [FACTOR_EXAMPLE], recoveryCodes: 10, required: false, passkeys: true };
const CHALLENGE = "c".repeat(54);
const CLIENT_DATA = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0";
const PROOF_EXAMPLE = {
  id: "a2V5LTE",
  clientDataJSON: CLIENT_DATA,
  authenticatorData: "YXV0aA",
  signature: "c2ln",
  userHandle: null,
};
const CREATED_EXAMPLE = {
  id: "a2V5LTE",
  clientDataJSON: CLIENT_DATA,
  attestationObject: "b2JqZWN0",
  transports: ["internal"],
};
const USE_EXAMPLE = {
  options: { challenge: CHALLENGE, rpId: "desk.example.org", timeout: 300_000, userVerification: "required" },
};
const CREATION_EXAMPLE = {
  options: {
    challenge: CHALLENGE,
    rp: { id: "desk.example.org", name: "Postern" },
    user: { id: "YW5uYQ", name: "anna", displayName: "anna" },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    attestation: "none",
  },
};
const CONFIRM_EXAMPLE = { confirmedUntil: null, form: SIGN_IN_STEP_EXAMPLE.step.form };
const ADDED_EXAMPLE = { factor: FACTOR_EXAMPLE, recoveryCodes: RECOVERY_CODES };

const entry = { group: "Sign-in", access: "anybody", scope: "none" } as const;
const elsewhere = { ...entry, group: "Sign-in at another service" } as const;
const account = { group: "Own account", access: "signedIn" } as const;
const own = { group: "Second factors", access: "signedIn", scope: "none" } as const;
const reader = { group: "People", access: "audit", scope: "admin" } as const;
const person = { pathExample: { id: ID.user } } as const;
const provider = { pathExample: { provider: "oidc" } } as const;

export const FACTOR_OPERATIONS: readonly Operation[] = [
  {
    ...entry,
    method: "POST",
    path: "/login/step/show",
    summary: "What a sign-in asks next",
    details:
      "For a page that came back from another service with the step's id. It counts as one of its tries.",
    body: loginStepShow,
    bodyExample: { id: STEP },
    answers: answerWith(loginStep, SIGN_IN_STEP_EXAMPLE),
    errors: ["LOGIN_STEP_GONE"],
  },
  {
    ...entry,
    method: "POST",
    path: "/login/passkey/options",
    summary: "Begin a sign-in with a passkey alone",
    details: "Answers with what the browser's `navigator.credentials.get` takes as `publicKey`.",
    answers: answerWith(passkeyOptionsAnswer, USE_EXAMPLE),
    errors: ["PASSKEY_HOST"],
  },
  {
    ...entry,
    method: "POST",
    path: "/login/passkey",
    summary: "Sign in with a passkey alone",
    details: "The authenticator must have verified the person. Its challenge counts once, for ten minutes.",
    body: passkeyLoginRequest,
    bodyExample: { passkey: PROOF_EXAMPLE },
    answers: SIGNED_IN,
    errors: ["PASSKEY_REFUSED", "PASSKEY_SECOND", "PASSKEY_HOST", "LOGIN_THROTTLED", "AUDIT_UNAVAILABLE"],
  },
  {
    ...elsewhere,
    ...provider,
    method: "GET",
    path: "/sign-in/:provider",
    summary: "Go to another service to sign in",
    details:
      "A link for browsers. What went wrong is told to the sign-in page, which the answer then leads to: `/?refused=CODE`.",
    query: redirectQuery,
    queryExample: { to: "/sessions" },
    answers: [{ status: 303, summary: "Leads to the service's page, or to the sign-in page." }],
    errors: ["ROUTE_UNKNOWN", "CROSS_SITE"],
  },
  {
    ...elsewhere,
    ...provider,
    method: "GET",
    path: "/sign-in/:provider/callback",
    summary: "Come back from another service",
    details:
      "The service leads the browser here. The answer sets the cookie and leads to the page that was wanted, with `#step=ID` behind it where more is asked for; to `/?refused=CODE` where it came to nothing.",
    answers: [{ status: 303, summary: "Leads to a page of this server." }],
    errors: ["ROUTE_UNKNOWN"],
  },
  {
    ...elsewhere,
    ...provider,
    method: "POST",
    path: "/sign-in/:provider/backchannel-logout",
    summary: "A service tells that a session has ended there",
    details: "For the service's own server, by OpenID Connect Back-Channel Logout. The logins from it end.",
    bodyType: "application/x-www-form-urlencoded",
    body: backchannelLogout,
    bodyExample: { logout_token: "eyJhbGciOiJFUzI1NiJ9.eyJzaWQiOiIxIn0.c2ln" },
    answers: NO_CONTENT,
    errors: ["ROUTE_UNKNOWN", "LOGOUT_TOKEN_INVALID"],
  },
  {
    ...account,
    method: "GET",
    path: "/me/account",
    summary: "My account",
    scope: "read",
    answers: answerWith(ownAccount, USER_EXAMPLE),
    errors: ["USER_UNKNOWN"],
  },
  {
    ...own,
    method: "GET",
    path: "/me/confirm",
    summary: "How I prove anew who I am",
    details: "What is critical answers `CONFIRM_REQUIRED` ten minutes after a sign-in or confirmation.",
    answers: answerWith(confirmForm, CONFIRM_EXAMPLE),
  },
  {
    ...own,
    method: "POST",
    path: "/me/confirm",
    summary: "Prove anew who I am",
    details: "With the answers of one way of the form. It holds for this login, for ten minutes.",
    body: confirmRequest,
    bodyExample: { answers: { code: "123456" } },
    answers: NO_CONTENT,
    errors: [
      "PASSWORD_WRONG",
      "FACTOR_WRONG",
      "PASSKEY_REFUSED",
      "LOGIN_BUSY",
      "LOGIN_UNAVAILABLE",
      "AUDIT_UNAVAILABLE",
    ],
  },
  {
    ...own,
    method: "GET",
    path: "/me/factors",
    summary: "My second factors",
    scope: "read",
    answers: answerWith(factorList, FACTORS_EXAMPLE),
  },
  {
    ...own,
    method: "POST",
    path: "/me/factors/totp",
    summary: "Begin to add an authenticator app",
    details: "It counts after its first right code.",
    answers: answerWith(
      totpEnrolment,
      {
        id: STEP,
        secret: SECRET,
        uri: `otpauth://totp/Postern%20desk.example.org:anna?issuer=Postern%20desk.example.org&secret=${SECRET}&algorithm=SHA1&digits=6&period=30`,
      },
      "The app's key. It waits for ten minutes and five tries.",
      201,
    ),
    errors: ["ACCOUNT_SHARED", "CONFIRM_REQUIRED"],
  },
  {
    ...own,
    method: "POST",
    path: "/me/factors/totp/confirm",
    summary: "Add an authenticator app by its first code",
    details: "Takes the place of the app of before. Recovery codes are told with a person's first factor.",
    body: totpConfirmation,
    bodyExample: { id: STEP, code: "123456", name: "Telephone" },
    answers: answerWith(
      addedFactor,
      { ...ADDED_EXAMPLE, factor: { ...FACTOR_EXAMPLE, kind: "totp", name: "Telephone" } },
      "The app.",
      201,
    ),
    errors: ["ACCOUNT_SHARED", "ENROLMENT_GONE", "FACTOR_WRONG", "AUDIT_UNAVAILABLE"],
  },
  {
    ...own,
    method: "POST",
    path: "/me/factors/passkey",
    summary: "Begin to add a passkey",
    details: "Answers with what the browser's `navigator.credentials.create` takes as `publicKey`.",
    answers: answerWith(passkeyOptionsAnswer, CREATION_EXAMPLE),
    errors: ["ACCOUNT_SHARED", "CONFIRM_REQUIRED", "PASSKEY_HOST"],
  },
  {
    ...own,
    method: "POST",
    path: "/me/factors/passkey/confirm",
    summary: "Add a passkey",
    details: "Recovery codes are told with a person's first factor.",
    body: passkeyConfirmation,
    bodyExample: { passkey: CREATED_EXAMPLE, name: "Key ring" },
    answers: answerWith(addedFactor, ADDED_EXAMPLE, "The passkey.", 201),
    errors: [
      "ACCOUNT_SHARED",
      "PASSKEY_REFUSED",
      "PASSKEY_HOST",
      "FACTOR_EXISTS",
      "FACTOR_LIMIT",
      "AUDIT_UNAVAILABLE",
    ],
  },
  {
    ...own,
    method: "POST",
    path: "/me/factors/recovery-codes",
    summary: "Make new recovery codes",
    details: "Told this once, in the place of those of before.",
    answers: answerWith(recoveryCodesAnswer, { recoveryCodes: RECOVERY_CODES }),
    errors: ["ACCOUNT_SHARED", "CONFIRM_REQUIRED", "FACTOR_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...own,
    method: "DELETE",
    path: "/me/factors/:id",
    summary: "Remove one of my second factors",
    pathExample: { id: ID.factor },
    answers: NO_CONTENT,
    errors: ["CONFIRM_REQUIRED", "FACTOR_UNKNOWN"],
  },
  {
    ...reader,
    ...person,
    method: "GET",
    path: "/users/:id/factors",
    summary: "Second factors of an account",
    answers: answerWith(factorList, FACTORS_EXAMPLE),
    errors: ["USER_UNKNOWN"],
  },
  {
    ...reader,
    ...person,
    method: "DELETE",
    path: "/users/:id/factors",
    summary: "Remove all second factors of an account",
    details: "For a person who has lost them. Recovery codes go with them.",
    access: "administer",
    scope: "none",
    answers: NO_CONTENT,
    errors: ["USER_UNKNOWN", "CONFIRM_REQUIRED", "AUDIT_UNAVAILABLE"],
  },
  {
    ...reader,
    ...person,
    method: "GET",
    path: "/users/:id/holdings",
    summary: "What an account has",
    details: "How much is touched when it is disabled or removed.",
    answers: answerWith(userHoldings, { logins: 1, tokens: 2, machines: 1, dataDisks: 0 }),
    errors: ["USER_UNKNOWN"],
  },
];
