import type { Logger } from "pino";
import { describeError, isPosternError, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { readOrCreateAuthority } from "./certificate-authority.ts";
import { issueServerCertificate, type ServerCertificate } from "./server-certificate.ts";
import { retireAuthority, rotateAuthority } from "./ca-rotation.ts";
import { listSubjectNames } from "./subject-names.ts";
import type { Stores } from "../state/stores.ts";

interface ServiceTrustOptions {
  readonly stores: Pick<Stores, "service">;
  /** What this server is called and where it listens: DNS names and IP addresses. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * What this server shows of the service's CA, kept up to date: another server may change the CA, and a certificate grows
 * old. Existing connections stay.
 */
export class ServiceTrust {
  readonly #options: ServiceTrustOptions;
  readonly #names: readonly string[];
  readonly #listeners: ((trust: ServerCertificate) => void)[] = [];
  #stored: string;
  #current: ServerCertificate;
  /** When its certificate is replaced, epoch milliseconds. */
  #renewAt: number;
  #refreshing: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;
  #closed = false;
  #failed = false;

  /** @throws ConfigError `HOST_INVALID`, `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED` */
  static async open(options: ServiceTrustOptions): Promise<ServiceTrust> {
    const names = listSubjectNames(options.hosts);
    const stored = await readOrCreateAuthority(options.stores.service, options.clock);
    return new ServiceTrust(
      options,
      names,
      stored,
      await issueServerCertificate(stored, names, options.clock),
    );
  }

  private constructor(
    options: ServiceTrustOptions,
    names: readonly string[],
    stored: string,
    trust: ServerCertificate,
  ) {
    this.#options = options;
    this.#names = names;
    this.#stored = stored;
    this.#current = trust;
    this.#renewAt = options.clock.now() + PROXY_LIMITS.leafRenewMs;
    this.#schedule();
  }

  get current(): ServerCertificate {
    return this.#current;
  }

  /** Called with what is shown from now on. */
  subscribe(listener: (trust: ServerCertificate) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws RequestError `CA_ROTATING` */
  async rotate(): Promise<void> {
    const { stores, clock } = this.#options;
    await rotateAuthority(stores.service, clock);
    await this.refresh();
  }

  /** @throws RequestError `CA_NOT_ROTATING`, `CA_ROTATING` */
  async retire(): Promise<void> {
    const { stores, clock } = this.#options;
    await retireAuthority(stores.service, clock);
    await this.refresh();
  }

  /** Looks at once; what was stored before this call is shown when it settles. Never rejects. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.then(() => this.#refresh());
    return this.#refreshing;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #refresh(): Promise<void> {
    const { stores, clock, log } = this.#options;
    try {
      const stored = await readOrCreateAuthority(stores.service, clock);
      if (this.#closed || (stored === this.#stored && clock.now() < this.#renewAt)) return;
      const trust = await issueServerCertificate(stored, this.#names, clock);
      this.#stored = stored;
      this.#current = trust;
      this.#renewAt = clock.now() + PROXY_LIMITS.leafRenewMs;
      this.#failed = false;
      const { fingerprint, previous } = trust;
      log.info(
        { event: "trust.renewed", fingerprint, previous: previous?.fingerprint ?? null },
        "this server shows a new certificate to agents",
      );
      for (const listener of this.#listeners) listener(trust);
    } catch (error) {
      const code = isPosternError(error) ? error.code : "INTERNAL";
      if (!this.#failed)
        log.error(
          { event: "trust.unreadable", code, detail: describeError(error) },
          "the service CA cannot be looked at; the certificate stays",
        );
      this.#failed = true;
    }
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(PROXY_LIMITS.certificateLookMs, () => {
      void this.refresh().then(() => {
        this.#schedule();
      });
    });
  }
}
