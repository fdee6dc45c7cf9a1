import { AuthorizationResponseError, ResponseBodyError } from "openid-client";
import { describeError, errorCode } from "../../../../protocol/index.ts";
import type { LocalizedText } from "../../../api/schemas.ts";

const FAULTS = {
  address: {
    en: 'It names an address that is neither https nor, with the option "insecure", on this computer',
    fr: "Il indique une adresse qui n’est ni en https ni, avec l’option « insecure », sur cet ordinateur",
  },
  busy: { en: "Too many requests to it wait for an answer", fr: "Trop de demandes attendent sa réponse" },
  slow: { en: "It did not answer within 5 s", fr: "Il n’a pas répondu en 5 s" },
  large: { en: "Its answer is too large", fr: "Sa réponse est trop grande" },
  issuer: {
    en: 'Its discovery document names another issuer. Put that one into "issuer", exactly as it is written there',
    fr: "Son document de découverte indique un autre émetteur. Reprenez-le tel quel dans « issuer »",
  },
  endpoint: {
    en: "Its discovery document lacks an address",
    fr: "Il manque une adresse à son document de découverte",
  },
  keys: { en: "Its keys cannot be read", fr: "Ses clés ne sont pas lisibles" },
} as const satisfies Record<string, LocalizedText>;

/** What an OpenID provider did that is not an answer. */
export class OpenIdFault extends Error {
  readonly kind: keyof typeof FAULTS;
  /** A short word of ours, or an address that was parsed. */
  readonly detail: string | null;

  constructor(kind: keyof typeof FAULTS, detail: string | null = null) {
    super(detail === null ? FAULTS[kind].en : `${FAULTS[kind].en}: ${detail}`);
    this.name = "OpenIdFault";
    this.kind = kind;
    this.detail = detail;
  }
}

/** The person was asked there and said no, or could not sign in. */
const DECLINED = new Set([
  "access_denied",
  "login_required",
  "interaction_required",
  "consent_required",
  "account_selection_required",
]);
/** What openid-client calls an answer that says nothing about who somebody is. */
const NO_ANSWER =
  /^OAUTH_(RESPONSE_IS_|TIMEOUT|ABORT|HTTP_REQUEST|REQUEST_PROTOCOL|MISSING_SERVER|INVALID_SERVER)/;
const CERTIFICATE = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|ERR_TLS_CERT)/;
const NO_TLS = /^(EPROTO|ERR_SSL)/;
const SYSTEM = /^(E[A-Z]+|EAI_[A-Z]+|HPE_[A-Z_]+|UND_ERR.*)$/;
const CAUSE_DEPTH = 8;

export type JudgedFault =
  { readonly kind: "declined" } | { readonly kind: "untrusted" | "unavailable"; readonly reason: string };

/** Whether the service said no, could not be asked, or sent what proves nothing. */
export function judgeFault(error: unknown): JudgedFault {
  if (error instanceof AuthorizationResponseError) {
    if (DECLINED.has(error.error)) return { kind: "declined" };
    return { kind: "unavailable", reason: `It sent the browser back with ${quoteCode(error.error)}` };
  }
  if (error instanceof ResponseBodyError) {
    if (error.error === "invalid_grant")
      return { kind: "untrusted", reason: "It does not know the code that the browser came with" };
    return { kind: "unavailable", reason: `It answered ${quoteCode(error.error)}` };
  }
  const fault = findCause(error, (cause) => (cause instanceof OpenIdFault ? cause : null));
  if (fault !== null) return { kind: "unavailable", reason: fault.message };
  const system = findSystemCode(error);
  if (system !== null) return { kind: "unavailable", reason: `It cannot be reached (${system})` };
  // The innermost error of openid-client says what did not fit, in words of its own.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = describeError(cause);
  return { kind: NO_ANSWER.test(errorCode(error)) ? "unavailable" : "untrusted", reason };
}

/** For an administrator: what failed, and what to do. */
export function explainFault(error: unknown, issuer: string): LocalizedText {
  const fault = findCause(error, (cause) => (cause instanceof OpenIdFault ? cause : null));
  if (fault !== null) {
    const { en, fr } = FAULTS[fault.kind];
    const detail = fault.detail === null ? "" : ` (${fault.detail})`;
    return { en: `${en}${detail}.`, fr: `${fr}${detail}.` };
  }
  const code = findSystemCode(error);
  if (code !== null) return explainSystemCode(code, new URL(issuer).host);
  const status = findStatus(error);
  if (status !== null && status !== 200)
    return {
      en: `It answers ${status} where its discovery document should be. Check "issuer": ${issuer}`,
      fr: `Il répond ${status} là où son document de découverte devrait être. Vérifiez « issuer » : ${issuer}`,
    };
  return {
    en: `What answers at ${issuer} is no OpenID provider: it sends no discovery document.`,
    fr: `Ce qui répond à ${issuer} n’est pas un fournisseur OpenID : pas de document de découverte.`,
  };
}

function explainSystemCode(code: string, host: string): LocalizedText {
  if (NO_TLS.test(code)) return { en: `${host} speaks no TLS.`, fr: `${host} ne parle pas TLS.` };
  if (CERTIFICATE.test(code))
    return {
      en: `The certificate of ${host} is not trusted (${code}). Give the CA that issued it as "ca", or check the name and the dates of the certificate.`,
      fr: `Le certificat de ${host} n’est pas reconnu (${code}). Indiquez dans « ca » l’autorité qui l’a émis, ou vérifiez le nom et les dates du certificat.`,
    };
  return {
    en: `${host} cannot be reached (${code}). Check the name, and that this server may connect to it.`,
    fr: `${host} est injoignable (${code}). Vérifiez le nom, et que ce serveur peut s’y connecter.`,
  };
}

function findSystemCode(error: unknown): string | null {
  return findCause(error, (cause) => {
    const code = errorCode(cause);
    return CERTIFICATE.test(code) || NO_TLS.test(code) || SYSTEM.test(code) ? code : null;
  });
}

function findStatus(error: unknown): number | null {
  return error instanceof Error && error.cause instanceof Response ? error.cause.status : null;
}

function findCause<T>(error: unknown, pick: (cause: Error) => T | null): T | null {
  let cause = error;
  for (let depth = 0; cause instanceof Error && depth < CAUSE_DEPTH; depth += 1) {
    const found = pick(cause);
    if (found !== null) return found;
    cause = cause.cause;
  }
  return null;
}

/** A code of OAuth as another server wrote it: kept only where it looks like one. */
function quoteCode(code: string): string {
  return /^[a-z_]{1,64}$/.test(code) ? `the error "${code}"` : "an error of its own";
}
