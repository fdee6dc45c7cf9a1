import type { Clock } from "../../../protocol/index.ts";
import {
  generateSecret,
  hashSecret,
  type AccountRole,
  type InvitationRecord,
  type Stores,
  type UserRecord,
} from "../../../proxy/index.ts";
import { refuse } from "../http-errors.ts";
import type { PasswordThrottle } from "./password-throttle.ts";
import type { Passwords } from "./passwords.ts";
import { requireFreeName } from "./free-name.ts";

/** Open ones, on all servers of a database. */
const MAX_INVITATIONS = 10_000;
const SECRET_FORM = /^[\w-]{43}$/;
const FRAGMENT_PATH = "invitation#";

interface InvitationsContext {
  readonly stores: Pick<Stores, "invitations" | "users">;
  readonly passwords: Passwords;
  readonly throttle: PasswordThrottle;
  readonly clock: Clock;
  /** Roles that may invite. */
  readonly makers: readonly AccountRole[];
  /** Where people find the pages. */
  readonly pagesUrl: () => string;
}

/** What an invited person sends. */
export interface InvitationAnswer {
  readonly secret: string;
  /** Where the invitation names nobody. */
  readonly name: string;
  readonly password: string;
}

/** Links by which one person gets an account: 256 random bits behind #, of which only the SHA-256 is kept. */
export class Invitations {
  readonly #context: InvitationsContext;

  constructor(context: InvitationsContext) {
    this.#context = context;
  }

  /** Returns the link, which is not stored. @throws RequestError `LIMIT_INVITATIONS` */
  async create(invitation: InvitationRecord): Promise<string> {
    const { stores, pagesUrl } = this.#context;
    const secret = generateSecret();
    await stores.invitations.create(hashSecret(secret), invitation, MAX_INVITATIONS);
    return new URL(FRAGMENT_PATH + secret, pagesUrl()).href;
  }

  list(): Promise<InvitationRecord[]> {
    return this.#context.stores.invitations.list(this.#context.clock.now());
  }

  /** What it was; null: it is not there any more. */
  remove(id: string): Promise<InvitationRecord | null> {
    return this.#context.stores.invitations.remove(id, this.#context.clock.now());
  }

  /**
   * What a link leads to. Looking at one that counts costs nothing.
   * @throws RequestError `INVITATION_GONE`; ThrottledError `LOGIN_THROTTLED`
   */
  async find(secret: string, address: string): Promise<InvitationRecord> {
    const { throttle } = this.#context;
    const attempt = { address, account: `invitation ${address}`, device: "invitation" };
    throttle.begin(attempt);
    const found = await this.#find(secret);
    if (found === null) throw refuse("INVITATION_GONE");
    throttle.succeed(attempt);
    return found;
  }

  /**
   * Counts somebody who makes an account by an invitation, and hashes the password of one that counts. What is returned makes the account.
   * @throws RequestError `INVITATION_GONE`, `USER_EXISTS`, `LOGIN_BUSY`; ThrottledError `LOGIN_THROTTLED`
   */
  async begin(
    { secret, name, password }: InvitationAnswer,
    address: string,
  ): Promise<(id: string) => Promise<UserRecord>> {
    const { stores, passwords, throttle } = this.#context;
    // By the invitation, too: whoever has one must not find out by it who is here.
    const attempt = { address, account: `invitation ${hashSecret(secret)}`, device: "invitation" };
    throttle.begin(attempt);
    if ((await this.#find(secret)) === null) throw refuse("INVITATION_GONE");
    await requireFreeName(stores.users, name);
    const passwordHash = await passwords.hash(password);
    return async (id) => {
      const user = await stores.invitations.redeem(
        hashSecret(secret),
        { id, name, passwordHash },
        this.#terms(),
      );
      if (user === null) throw refuse("INVITATION_GONE");
      throttle.succeed(attempt);
      return user;
    };
  }

  async #find(secret: string): Promise<InvitationRecord | null> {
    if (!SECRET_FORM.test(secret)) return null;
    return this.#context.stores.invitations.find(hashSecret(secret), this.#terms());
  }

  #terms() {
    return { now: this.#context.clock.now(), makers: this.#context.makers };
  }
}
