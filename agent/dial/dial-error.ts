import { isPosternError, PeerClosed, AuthError, type PosternError } from "../../protocol/index.ts";

type Sentence = (server: string) => string;

const REFUSED: Sentence = (server) => `${server} cannot be reached: nothing answers there.`;

/** Node's error code → the product's code and a sentence that people can act on. */
const EXPLANATIONS: Readonly<Record<string, readonly [string, Sentence]>> = {
  ECONNREFUSED: [
    "DIAL_REFUSED",
    (server) => `${server} refused the connection. Is the server running, and is the port right?`,
  ],
  ENOTFOUND: [
    "DIAL_NO_SUCH_HOST",
    (server) => `The name in ${server} is not known. Check it for typing errors.`,
  ],
  EAI_AGAIN: ["DIAL_NO_SUCH_HOST", (server) => `The name in ${server} could not be looked up just now.`],
  EHOSTUNREACH: ["DIAL_UNREACHABLE", REFUSED],
  ENETUNREACH: ["DIAL_UNREACHABLE", REFUSED],
  ETIMEDOUT: ["DIAL_TIMEOUT", REFUSED],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    "DIAL_NO_TLS",
    (server) => `${server} does not speak TLS. Use the server's main port, not the one for VNC viewers.`,
  ],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: [
    "DIAL_NO_TLS",
    (server) => `${server} does not speak TLS. Use the server's main port, not the one for VNC viewers.`,
  ],
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: ["DIAL_NO_ALPN", explainAlpn],
};

function explainAlpn(server: string): string {
  return `${server} speaks TLS but does not take agents. Is it a Postern server, or a reverse proxy before one?`;
}

const CA_CODES = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_SIGNATURE_FAILURE",
  "INVALID_CA",
  "INVALID_PURPOSE",
]);
const DATE_CODES = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/** The error of a dial, explained for people. @param server `HOST:PORT` */
export function explainDialError(error: Error, server: string): PosternError {
  if (isPosternError(error)) return error;
  const reported = codeOf(error);
  const known = EXPLANATIONS[reported];
  if (known) return peerClosed(known[0], known[1](server), error);
  if (DATE_CODES.has(reported))
    return trustError("TRUST_EXPIRED", `The certificate of ${server} is expired or not valid yet.`, error);
  if (reported === "ERR_TLS_CERT_ALTNAME_INVALID")
    return trustError(
      "TRUST_WRONG_NAME",
      `The certificate of ${server} is for another name. Dial the name that it was made for, or pin the fingerprint.`,
      error,
    );
  if (CA_CODES.has(reported))
    return trustError(
      "TRUST_NOT_SIGNED",
      `The certificate of ${server} was not signed by the given CA.`,
      error,
    );
  if (reported === "ECONNRESET" || reported.startsWith("ERR_SSL_"))
    return peerClosed("DIAL_TLS", `The TLS handshake with ${server} was cut off.`, error);
  return peerClosed("DIAL_FAILED", `The connection to ${server} failed.`, error);
}

/** TLS is established, but the peer selected none of the product's protocols. */
export function alpnMissing(server: string): PosternError {
  const sentence = explainAlpn(server);
  return PeerClosed.public("DIAL_NO_ALPN", sentence);
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return code;
  // Several addresses were tried: the first one's error stands for all.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return "";
}

function peerClosed(code: string, sentence: string, cause: Error): PosternError {
  return new PeerClosed(code, `${sentence} (${cause.message})`, { safeMessage: sentence, cause });
}

function trustError(code: string, sentence: string, cause: Error): PosternError {
  return new AuthError(code, `${sentence} (${cause.message})`, { safeMessage: sentence, cause });
}
