import { randomUUID } from "node:crypto";
import type { Clock } from "../../../protocol/index.ts";
import { sourceKey, type SignUpRecord, type Stores } from "../../../proxy/index.ts";
import { refuse } from "../http-errors.ts";
import type { Familiarity } from "./concurrency-limit.ts";
import type { Credentials } from "./providers/index.ts";
import type { Passwords } from "./passwords.ts";

const WAITING_MS = 14 * 86_400_000;
/** People who wait for an account, on all servers of a database. */
const MAX_SIGN_UPS = 200;
/** The same, of one address: a course may ask from one at once. */
const MAX_SIGN_UPS_PER_SOURCE = 20;
const CAPACITY = { inAll: MAX_SIGN_UPS, ofSource: MAX_SIGN_UPS_PER_SOURCE };

interface SignUpsContext {
  readonly store: Stores["signUps"];
  readonly passwords: Passwords;
  readonly clock: Clock;
}

/**
 * People who ask for an account. Each is kept, whatever names there are: whether one is taken shows when an administrator approves, and
 * nobody learns it by asking.
 */
export class SignUps {
  readonly #context: SignUpsContext;

  constructor(context: SignUpsContext) {
    this.#context = context;
  }

  /** @throws RequestError `SIGN_UP_LIMIT`, `LOGIN_BUSY` */
  async ask(
    { name, password, reason }: { readonly name: string; readonly password: string; readonly reason: string },
    address: string,
  ): Promise<SignUpRecord> {
    const { store, passwords, clock } = this.#context;
    const source = sourceKey(address);
    await this.#requireCapacity(source);
    const passwordHash = await passwords.hash(password, "stranger");
    // Others may have come while that took its time.
    await this.#requireCapacity(source);
    const createdAt = clock.now();
    const times = { createdAt, expiresAt: createdAt + WAITING_MS };
    const request = { id: randomUUID(), name, passwordHash, reason, source, ...times };
    await store.add(request);
    return request;
  }

  /** Whether somebody asks for an account with this name and password. It takes as long where nobody does. */
  async isWaiting({ name, password }: Credentials, who?: Familiarity): Promise<boolean> {
    const { store, passwords, clock } = this.#context;
    const request = await store.findByName(name, clock.now());
    return passwords.verify(password, request?.passwordHash ?? null, who);
  }

  async #requireCapacity(source: string): Promise<void> {
    if (!(await this.#context.store.hasCapacity(source, CAPACITY))) throw refuse("SIGN_UP_LIMIT");
  }
}
