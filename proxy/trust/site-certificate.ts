import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Logger } from "pino";
import { ConfigError, describeError, isPosternError, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { CertificateFiles } from "../model/proxy-types.ts";
import type { TlsCertificate } from "./server-certificate.ts";

export interface SiteCertificateDependencies {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The certificate that browsers and viewers are shown, from files that others renew. The files are looked at
 * every few seconds: watching them would miss links that are turned round, as most renewals do it.
 */
export class SiteCertificate {
  readonly #files: CertificateFiles;
  readonly #dependencies: SiteCertificateDependencies;
  #current: TlsCertificate;
  #seen: string;
  #onChange: (certificate: TlsCertificate) => void = () => undefined;
  #cancel: () => void = () => undefined;
  #closed = false;

  /** @throws ConfigError `CERTIFICATE_FILES` with the reason */
  static async open(
    files: CertificateFiles,
    dependencies: SiteCertificateDependencies,
  ): Promise<SiteCertificate> {
    const certificate = await readFiles(files);
    checkCertificate(certificate, dependencies.clock);
    return new SiteCertificate(files, dependencies, certificate);
  }

  private constructor(
    files: CertificateFiles,
    dependencies: SiteCertificateDependencies,
    certificate: TlsCertificate,
  ) {
    this.#files = files;
    this.#dependencies = dependencies;
    this.#current = certificate;
    this.#seen = digest(certificate);
  }

  get current(): TlsCertificate {
    return this.#current;
  }

  /** Looks at the files from now on, and calls with each new certificate that is good. */
  subscribe(onChange: (certificate: TlsCertificate) => void): void {
    this.#onChange = onChange;
    this.#schedule();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Reads the files once; a new good certificate is taken, a bad one is logged once and the old one stays. */
  async refresh(): Promise<void> {
    const { clock, log } = this.#dependencies;
    let found = "unreadable";
    try {
      const certificate = await readFiles(this.#files);
      found = digest(certificate);
      if (found === this.#seen || this.#closed) return;
      const { subject, validTo } = checkCertificate(certificate, clock);
      this.#onChange(certificate);
      this.#current = certificate;
      log.info({ event: "certificate.replaced", subject, validTo }, "a new certificate is in use");
    } catch (error) {
      if (found !== this.#seen) {
        const code = isPosternError(error) ? error.code : "INTERNAL";
        const detail = describeError(error);
        log.error(
          { event: "certificate.refused", code, detail },
          "the new certificate is bad, the old one stays",
        );
      }
    }
    this.#seen = found;
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#dependencies.clock.after(PROXY_LIMITS.certificateLookMs, () => {
      void this.refresh().then(() => {
        this.#schedule();
      });
    });
  }
}

async function readFiles({ cert, key }: CertificateFiles): Promise<TlsCertificate> {
  try {
    const [certText, keyText] = await Promise.all([readFile(cert, "utf8"), readFile(key, "utf8")]);
    return { cert: certText, key: keyText };
  } catch (cause) {
    throw refuse(describeError(cause), cause);
  }
}

/**
 * TLS itself takes an empty certificate or a missing key without a word and then fails every handshake, so
 * everything is checked here first.
 * @throws ConfigError `CERTIFICATE_FILES`
 */
function checkCertificate({ cert, key }: TlsCertificate, clock: Clock): X509Certificate {
  try {
    const leaf = new X509Certificate(cert);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error("the key is not the certificate's");
    if (Date.parse(leaf.validTo) <= clock.now())
      throw new Error(`the certificate expired on ${leaf.validTo}`);
    createSecureContext({ cert, key, minVersion: "TLSv1.2" });
    return leaf;
  } catch (cause) {
    throw refuse(describeError(cause), cause);
  }
}

function refuse(reason: string, cause: unknown): ConfigError {
  const message = `The certificate of --cert and --key cannot be used: ${reason}.`;
  return ConfigError.public("CERTIFICATE_FILES", message, { cause });
}

function digest({ cert, key }: TlsCertificate): string {
  return createHash("sha256").update(`${cert}\0${key}`).digest("hex");
}
