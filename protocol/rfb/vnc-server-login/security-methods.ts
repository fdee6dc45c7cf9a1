import { AuthError, ProtocolError, type PosternError } from "../../errors.ts";
import { describeRsaAes, isRsaAes, RSA_AES_TYPES } from "../rsa-aes/variants.ts";
import type { ServerLogin } from "./server-login.ts";
import { nameSecurityType, SecurityType } from "../security-types.ts";
import { nameVeNCryptType, VeNCryptType } from "../vencrypt-types.ts";

type SecurityNeed = "password" | "user" | "tls" | "uncheckedServer" | "clearText" | "msLogon";

/** One security type of a VNC server, and what it needs. */
export interface SecurityMethod {
  readonly type: number;
  readonly needs: readonly SecurityNeed[];
}

const ACCOUNT = ["password", "user"] as const;

const RSA_AES_METHODS: readonly SecurityMethod[] = RSA_AES_TYPES.map((type) => ({
  type,
  needs: ["uncheckedServer", "password"],
}));
const encryptsSession = ({ type }: SecurityMethod): boolean =>
  isRsaAes(type) && describeRsaAes(type).encryptsSession;

/**
 * Types without inner types of their own. The best first: those that send no secret, then those that protect
 * it best.
 */
const PLAIN_RFB_METHODS: readonly SecurityMethod[] = [
  { type: SecurityType.none, needs: ["uncheckedServer"] },
  { type: SecurityType.appleDh, needs: ["uncheckedServer", ...ACCOUNT] },
  { type: SecurityType.msLogonII, needs: ["uncheckedServer", "msLogon", ...ACCOUNT] },
  { type: SecurityType.vncAuth, needs: ["uncheckedServer", "password"] },
];

/** Types that encrypt the whole session, VeNCrypt apart, whose sub-types may or may not. */
export const ENCRYPTING_METHODS: readonly SecurityMethod[] = [
  { type: SecurityType.tls, needs: ["tls", "uncheckedServer"] },
  ...RSA_AES_METHODS.filter(encryptsSession),
];

/** What is authenticated by inside security type 18. */
export const TLS_METHODS = PLAIN_RFB_METHODS;

/** Security types, the best first: those that encrypt the whole session, then those that protect the login best. */
export const SECURITY_METHODS: readonly SecurityMethod[] = [
  { type: SecurityType.veNCrypt, needs: ["tls"] },
  ...ENCRYPTING_METHODS,
  ...PLAIN_RFB_METHODS.filter(({ type }) => type === SecurityType.none),
  ...RSA_AES_METHODS.filter((method) => !encryptsSession(method)),
  ...PLAIN_RFB_METHODS.filter(({ type }) => type !== SecurityType.none),
  { type: SecurityType.tight, needs: ["uncheckedServer"] },
];

/** In RFB 3.3 the server decides, and other types do not exist. */
export const RFB_33_METHODS = PLAIN_RFB_METHODS.filter(
  ({ type }) => type === SecurityType.none || type === SecurityType.vncAuth,
);

const X509_METHODS: readonly SecurityMethod[] = [
  { type: VeNCryptType.x509None, needs: [] },
  { type: VeNCryptType.x509Plain, needs: ACCOUNT },
  { type: VeNCryptType.x509Vnc, needs: ["password"] },
];

const ANONYMOUS_METHODS: readonly SecurityMethod[] = [
  { type: VeNCryptType.tlsNone, needs: ["uncheckedServer"] },
  { type: VeNCryptType.tlsPlain, needs: ["uncheckedServer", ...ACCOUNT] },
  { type: VeNCryptType.tlsVnc, needs: ["uncheckedServer", "password"] },
  ...PLAIN_RFB_METHODS,
  { type: VeNCryptType.plain, needs: ["uncheckedServer", "clearText", ...ACCOUNT] },
];

/** VeNCrypt's sub-types, the best first. They can include ordinary security types. */
export const VENCRYPT_METHODS: readonly SecurityMethod[] = [...X509_METHODS, ...ANONYMOUS_METHODS];

/**
 * The same where no certificate can be checked: types with a certificate are then the last choice. They are
 * kept so that the error can name the server's certificate.
 */
export const VENCRYPT_METHODS_UNCHECKED: readonly SecurityMethod[] = [...ANONYMOUS_METHODS, ...X509_METHODS];

/** Authentications inside Tight security. */
export const TIGHT_UNIX_LOGIN = 129;
export const TIGHT_METHODS: readonly SecurityMethod[] = [
  { type: SecurityType.none, needs: ["uncheckedServer"] },
  { type: SecurityType.vncAuth, needs: ["uncheckedServer", "password"] },
  { type: TIGHT_UNIX_LOGIN, needs: ["uncheckedServer", "clearText", ...ACCOUNT] },
];

/**
 * The best type that the server offers and this login allows.
 * @throws AuthError `SERVER_PASSWORD_MISSING`, `SERVER_USER_MISSING`, `SERVER_CERTIFICATE`; ProtocolError
 *   `SERVER_SECURITY_UNSUPPORTED`
 */
export function chooseSecurityMethod(
  methods: readonly SecurityMethod[],
  offered: readonly number[],
  login: ServerLogin,
): number {
  const open = methods.filter(({ type }) => offered.includes(type));
  const chosen = open.find((method) => missing(method, login).length === 0);
  if (chosen) return chosen.type;
  // For the error, prefer a type that lacks only a password or user name: the owner can set those.
  const nearest =
    open.find((method) => missing(method, login).every((need) => need === "password" || need === "user")) ??
    open[0];
  const lacked = nearest ? missing(nearest, login)[0] : undefined;
  throw explain(lacked, offered);
}

export function hasSecurityMethod(
  methods: readonly SecurityMethod[],
  offered: readonly number[],
  login: ServerLogin,
): boolean {
  return methods.some((method) => offered.includes(method.type) && missing(method, login).length === 0);
}

function missing({ needs }: SecurityMethod, login: ServerLogin): readonly SecurityNeed[] {
  const has: Readonly<Record<SecurityNeed, boolean>> = {
    password: login.password !== undefined,
    user: login.user !== undefined,
    tls: login.upgrade !== undefined,
    uncheckedServer: login.requireX509 !== true,
    clearText: login.allowClearText === true,
    msLogon: login.allowMsLogon === true,
  };
  return needs.filter((need) => !has[need]);
}

function explain(lacked: SecurityNeed | undefined, offered: readonly number[]): PosternError {
  const names = offered.map(describeType).join(", ");
  switch (lacked) {
    case "password":
      return new AuthError(
        "SERVER_PASSWORD_MISSING",
        "the VNC server asks for a password and none is set; give --vnc-password-file",
        { safeMessage: "The desktop's VNC server asks for a password. Its owner has to set one." },
      );
    case "user":
      return new AuthError(
        "SERVER_USER_MISSING",
        "the VNC server asks for a user name and none is set; give --vnc-user",
        { safeMessage: "The desktop's VNC server asks for a user name. Its owner has to set one." },
      );
    case "uncheckedServer":
      return new AuthError(
        "SERVER_CERTIFICATE",
        `a certificate is expected of the VNC server, and it shows none; it offers only: ${names}`,
        { safeMessage: "The desktop's VNC server does not show the certificate that is expected of it." },
      );
    case "clearText":
      return unsupported(
        `the VNC server wants the password in clear text, which is done on the same host only: ${names}`,
      );
    case "msLogon":
      return unsupported(
        "the VNC server wants MSLogonII, which does not protect the password; --vnc-mslogon allows it",
      );
    default:
      return unsupported(
        `the VNC server offers only: ${names}. The agent supports none of them: have it offer VncAuth, VeNCrypt or RSA-AES, too`,
      );
  }
}

/** `sasl (20)`, or the number alone where there is no name. */
function describeType(type: number): string {
  const name = nameVeNCryptType(type) ?? nameSecurityType(type);
  return name === String(type) ? name : `${name} (${type})`;
}

function unsupported(message: string): ProtocolError {
  return new ProtocolError("SERVER_SECURITY_UNSUPPORTED", message, {
    safeMessage: "The desktop's VNC server wants a kind of login that is not supported.",
  });
}
