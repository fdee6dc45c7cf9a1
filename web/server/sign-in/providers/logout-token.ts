import { constants, createPublicKey, verify } from "node:crypto";
import type { JWK } from "openid-client";
import { z } from "zod";
import type { LogoutNotice } from "./sign-in-provider.ts";

const MAX_LOGOUT_TOKEN = 16_384;
/** A logout token older than this is not believed. */
const MAX_LOGOUT_AGE_S = 120;
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

interface SignatureKind {
  readonly kty: string;
  /** Undefined: the algorithm brings its own. */
  readonly hash: string | undefined;
  readonly crv?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

const EC = { dsaEncoding: "ieee-p1363" } as const;
const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
} as const;
/** Signatures by a private key, and no others: with `none` or HS256 anybody who knows the public key could write one. */
const KINDS: ReadonlyMap<string, SignatureKind> = new Map([
  ["RS256", { kty: "RSA", hash: "sha256" }],
  ["RS384", { kty: "RSA", hash: "sha384" }],
  ["RS512", { kty: "RSA", hash: "sha512" }],
  ["PS256", { kty: "RSA", hash: "sha256", options: PSS }],
  ["PS384", { kty: "RSA", hash: "sha384", options: PSS }],
  ["PS512", { kty: "RSA", hash: "sha512", options: PSS }],
  ["ES256", { kty: "EC", hash: "sha256", crv: "P-256", options: EC }],
  ["ES384", { kty: "EC", hash: "sha384", crv: "P-384", options: EC }],
  ["ES512", { kty: "EC", hash: "sha512", crv: "P-521", options: EC }],
  ["EdDSA", { kty: "OKP", hash: undefined, crv: "Ed25519" }],
  ["Ed25519", { kty: "OKP", hash: undefined, crv: "Ed25519" }],
] satisfies [string, SignatureKind][]);

const header = z.object({
  alg: z.string(),
  kid: z.string().optional(),
  /** Newer providers say what the token is; an ID token must not pass for one. */
  typ: z.string().optional(),
  crit: z.never().optional(),
});
const key = z.string().min(1).max(255);
const claims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  iat: z.number(),
  exp: z.number().optional(),
  jti: key,
  events: z.object({ [EVENT]: z.record(z.string(), z.unknown()) }),
  sub: key.optional(),
  sid: key.optional(),
  nonce: z.never().optional(),
});

export interface LogoutTokenCheck {
  readonly issuer: string;
  readonly clientId: string;
  readonly nowSeconds: number;
  readonly toleranceSeconds: number;
  /** The provider's public keys for such a signature. */
  findKeys(kty: string, kid: string | undefined): Promise<JWK[]>;
}

/**
 * Checks what an OpenID provider sends when a person's session has ended there. A string: why it is not believed. That its `id` counts
 * once is the caller's task.
 * @see OpenID Connect Back-Channel Logout 1.0 §2.6
 */
export async function readLogoutToken(
  token: string,
  check: LogoutTokenCheck,
): Promise<LogoutNotice | string> {
  const [head = "", body = "", signature = "", ...more] = token.split(".");
  if (token.length > MAX_LOGOUT_TOKEN || more.length > 0) return "it is no signed token";
  const parsedHead = header.safeParse(parsePart(head)).data;
  const kind = KINDS.get(parsedHead?.alg ?? "");
  if (parsedHead === undefined || kind === undefined) return "its signature is of a kind that is not taken";
  if (parsedHead.typ !== undefined && !/^(application\/)?(logout\+)?jwt$/i.test(parsedHead.typ))
    return "it is a token of another kind";
  const keys = await check.findKeys(kind.kty, parsedHead.kid);
  const bytes = Buffer.from(signature, "base64url");
  if (!keys.some((one) => isSignedBy(one, kind, { text: `${head}.${body}`, signature: bytes })))
    return "its signature is wrong";
  const told = claims.safeParse(parsePart(body)).data;
  if (told === undefined) return "a claim is missing, or one too many";
  return judgeClaims(told, check);
}

function judgeClaims(told: z.output<typeof claims>, check: LogoutTokenCheck): LogoutNotice | string {
  const { issuer, clientId, nowSeconds, toleranceSeconds } = check;
  if (told.iss !== issuer) return "it is of another issuer";
  if (![told.aud].flat().includes(clientId)) return "it is for another client";
  if (told.iat < nowSeconds - MAX_LOGOUT_AGE_S - toleranceSeconds) return "it is too old";
  if (told.iat > nowSeconds + toleranceSeconds) return "it is of the future";
  if (told.exp !== undefined && told.exp <= nowSeconds - toleranceSeconds) return "it has expired";
  if (told.sub === undefined && told.sid === undefined) return "it names neither a person nor a session";
  return {
    subject: told.sub === undefined ? null : subjectKey(told.iss, told.sub),
    session: told.sid ?? null,
    id: told.jti,
  };
}

/** A provider's key of a person is worth something together with its issuer alone. Neither has a space in it. */
export function subjectKey(issuer: string, subject: string): string {
  return `${issuer} ${subject}`;
}

function isSignedBy(
  jwk: JWK,
  { hash, crv, options = {} }: SignatureKind,
  { text, signature }: { readonly text: string; readonly signature: Buffer },
): boolean {
  if (crv !== undefined && jwk.crv !== crv) return false;
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  return verify(hash, Buffer.from(text), { ...options, key: publicKey }, signature);
}

function parsePart(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return null;
  }
}
