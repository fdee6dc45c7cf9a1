import type { Logger } from "pino";
import { describeError, isPosternError } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import { readAuthority } from "./authority.ts";
import { issueTrust, type Trust, type TrustOptions } from "./index.ts";
import { retireAuthority, rotateAuthority } from "./rotation.ts";
import { listSubjectNames } from "./subject-names.ts";

interface ServiceTrustOptions extends TrustOptions {
  readonly log: Logger;
}

/**
 * What this server shows of the service's CA, kept up to date: another server may change the CA, and a certificate grows
 * old. Connections that are there go on as they are.
 */
export class ServiceTrust {
  readonly #options: ServiceTrustOptions;
  readonly #names: readonly string[];
  readonly #listeners: ((trust: Trust) => void)[] = [];
  #stored: string;
  #current: Trust;
  /** When its certificate is replaced, epoch milliseconds. */
  #renewAt: number;
  #looking: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;
  #closed = false;
  #failed = false;

  /** @throws ConfigError `HOST_INVALID`, `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED` */
  static async open(options: ServiceTrustOptions): Promise<ServiceTrust> {
    const names = listSubjectNames(options.hosts);
    const stored = await readAuthority(options.stores.service, options.clock);
    return new ServiceTrust(options, names, stored, await issueTrust(stored, names, options.clock));
  }

  private constructor(options: ServiceTrustOptions, names: readonly string[], stored: string, trust: Trust) {
    this.#options = options;
    this.#names = names;
    this.#stored = stored;
    this.#current = trust;
    this.#renewAt = options.clock.now() + LIMITS.leafRenewMs;
    this.#schedule();
  }

  get current(): Trust {
    return this.#current;
  }

  /** Called with what is shown from now on. */
  follow(listener: (trust: Trust) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws RequestError `CA_ROTATING` */
  async rotate(): Promise<void> {
    const { stores, clock } = this.#options;
    await rotateAuthority(stores.service, clock);
    await this.look();
  }

  /** @throws RequestError `CA_NOT_ROTATING`, `CA_ROTATING` */
  async retire(): Promise<void> {
    const { stores, clock } = this.#options;
    await retireAuthority(stores.service, clock);
    await this.look();
  }

  /** Looks at once; what was stored before this call is shown when it settles. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const { stores, clock, log } = this.#options;
    try {
      const stored = await readAuthority(stores.service, clock);
      if (this.#closed || (stored === this.#stored && clock.now() < this.#renewAt)) return;
      const trust = await issueTrust(stored, this.#names, clock);
      this.#stored = stored;
      this.#current = trust;
      this.#renewAt = clock.now() + LIMITS.leafRenewMs;
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
    this.#cancel = this.#options.clock.after(LIMITS.certificateLookMs, () => {
      void this.look().then(() => {
        this.#schedule();
      });
    });
  }
}
