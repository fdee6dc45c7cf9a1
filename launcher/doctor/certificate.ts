import { connect } from "node:tls";
import { formatHostPort } from "../../protocol/index.ts";
import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";

export interface CertificateFacts {
  readonly address: string;
  /** Null: no TLS answers there. */
  readonly shown: { readonly subject: string; readonly notBefore: number; readonly notAfter: number } | null;
}

const CONNECT_TIMEOUT_MS = 5_000;
const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;

/** The certificate that a browser would see. Nothing is sent, and nothing is trusted. */
export function collectCertificateFacts(host: string, port: number): Promise<CertificateFacts> {
  // A server on all addresses is reached by the loopback address.
  const target = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const address = formatHostPort({ host: target, port });
  return new Promise((resolve) => {
    const socket = connect({ host: target, port, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    const finish = (shown: CertificateFacts["shown"]): void => {
      socket.destroy();
      resolve({ address, shown });
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
      finish(null);
    });
    socket.once("error", () => {
      finish(null);
    });
    socket.once("secureConnect", () => {
      const { valid_from, valid_to, subject } = socket.getPeerCertificate();
      const name = subject as { readonly CN?: string | string[] } | undefined;
      const common = Array.isArray(name?.CN) ? name.CN[0] : name?.CN;
      finish({
        subject: common ?? "no name",
        notBefore: Date.parse(valid_from),
        notAfter: Date.parse(valid_to),
      });
    });
  });
}

export function checkCertificate(facts: CertificateFacts | null, now: number): Finding[] {
  if (facts === null) return [];
  const { address, shown } = facts;
  if (shown === null) {
    const remedy = "Start it with: postern server --data DIR. If it listens elsewhere, give --listen.";
    return [adviceFinding("certificate", `No server shows a certificate on ${address}.`, remedy)];
  }
  const until = new Date(shown.notAfter).toISOString().slice(0, 10);
  const text = `The certificate on ${address} (${shown.subject})`;
  if (now < shown.notBefore)
    return [missingFinding("certificate", `${text} is not valid yet.`, "Set the clock; see `clock`.")];
  if (now > shown.notAfter)
    return [
      missingFinding(
        "certificate",
        `${text} expired on ${until}.`,
        "Renew the files of --cert and --key; without them, restart the server.",
      ),
    ];
  return shown.notAfter - now < SOON_MS
    ? [
        adviceFinding(
          "certificate",
          `${text} expires on ${until}.`,
          "Renew the files of --cert and --key; the server's own is renewed by itself.",
        ),
      ]
    : [okFinding("certificate", `${text} is valid until ${until}.`)];
}
