import type { Logger } from "pino";
import type { Clock } from "../../../protocol/index.ts";
import type { ProviderTest } from "../../api/schemas.ts";
import { refuse, ThrottledError } from "../http-errors.ts";
import type { OpenProvider, ProviderCheck } from "./providers/index.ts";

/** What a provider's own limit does not end. */
const TEST_LIMIT_MS = 12_000;
/** Between two tests of one provider. */
const TEST_PAUSE_MS = 2000;

interface ProviderTestsContext {
  readonly providers: readonly OpenProvider[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Tests sign-in providers when an administrator asks: each one at a time. */
export class ProviderTests {
  readonly #context: ProviderTestsContext;
  /** When each may be tested again; Infinity: a test runs. */
  readonly #openAt = new Map<string, number>();

  constructor(context: ProviderTestsContext) {
    this.#context = context;
  }

  /** @throws RequestError `SIGN_IN_PROVIDER_UNKNOWN`; ThrottledError `LOGIN_THROTTLED` */
  async run(id: string): Promise<ProviderTest> {
    const { providers, clock } = this.#context;
    const open = providers.find((one) => one.id === id);
    if (open?.provider.check === undefined) throw refuse("SIGN_IN_PROVIDER_UNKNOWN");
    const begunAt = clock.monotonic();
    const openAt = this.#openAt.get(id) ?? begunAt;
    if (openAt > begunAt) throw new ThrottledError(Math.min(openAt - begunAt, TEST_PAUSE_MS));
    this.#openAt.set(id, Infinity);
    try {
      const { works, text } = await this.#withinLimit(this.#check(open));
      return { works, text, milliseconds: Math.round(clock.monotonic() - begunAt) };
    } finally {
      this.#openAt.set(id, clock.monotonic() + TEST_PAUSE_MS);
    }
  }

  async #check({ id, provider }: OpenProvider): Promise<ProviderCheck> {
    try {
      return (await provider.check?.()) ?? TIMED_OUT;
    } catch (error) {
      this.#context.log.error({ event: "sign-in.fault", provider: id, err: error }, "a test failed");
      return FAILED;
    }
  }

  /** One that goes on behind its answer is left alone: it has its own limits, and ends. */
  async #withinLimit(check: Promise<ProviderCheck>): Promise<ProviderCheck> {
    let cancel = (): void => undefined;
    const limit = new Promise<ProviderCheck>((resolve) => {
      cancel = this.#context.clock.after(TEST_LIMIT_MS, () => {
        resolve(TIMED_OUT);
      });
    });
    try {
      return await Promise.race([check, limit]);
    } finally {
      cancel();
    }
  }
}

const TIMED_OUT: ProviderCheck = {
  works: false,
  text: {
    en: "It did not answer within 12 seconds. Check its address, and the firewalls on the way.",
    fr: "Aucune réponse en 12 secondes. Vérifiez l’adresse et les pare-feu sur le chemin.",
  },
};
const FAILED: ProviderCheck = {
  works: false,
  text: {
    en: "The test itself failed. The server’s log says why (sign-in.fault).",
    fr: "Le test lui-même a échoué. Le journal du serveur dit pourquoi (sign-in.fault).",
  },
};
