import { formatHostPort } from "../../../protocol/index.ts";
import { connect } from "node:tls";
import type { CertificateFacts } from "../doctor-facts.ts";

const PATIENCE_MS = 5_000;

/** The certificate that a browser would see. Nothing is sent, and nothing is trusted. */
export function collectCertificateFacts(host: string, port: number): Promise<CertificateFacts> {
  // What listens on every address is asked on this machine.
  const target = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const address = formatHostPort({ host: target, port });
  return new Promise((resolve) => {
    const socket = connect({ host: target, port, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    const finish = (shown: CertificateFacts["shown"]): void => {
      socket.destroy();
      resolve({ address, shown });
    };
    socket.setTimeout(PATIENCE_MS, () => {
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
