import { randomBytes } from "node:crypto";
import { CHALLENGE_BYTES, vncAuthResponse, type Clock } from "../../protocol/index.ts";
import type { Penalties } from "../admit/penalties.ts";
import type { Source } from "../admit/source.ts";
import { askState, Refusal } from "../refusals.ts";
import type { Stores } from "../state/stores.ts";
import type { Identity } from "./identity.ts";
import type { IndexedToken, TokenIndex } from "./token-index.ts";
import type { Guessed, TokenScan } from "./token-scan.ts";

/** One to eight printable characters of ASCII. */
const TOKEN = /^[ -~]{1,8}$/;

/** Tells from a VNC Authentication response which token was typed. */
export class TokenIdentifier {
  readonly #stores: Stores;
  readonly #index: TokenIndex;
  readonly #scan: TokenScan<IndexedToken>;
  readonly #penalties: Penalties;
  readonly #clock: Clock;

  constructor(
    stores: Stores,
    index: TokenIndex,
    scan: TokenScan<IndexedToken>,
    penalties: Penalties,
    clock: Clock,
  ) {
    this.#stores = stores;
    this.#index = index;
    this.#scan = scan;
    this.#penalties = penalties;
    this.#clock = clock;
  }

  /** Milliseconds until this source may try again; 0: now. */
  waitMs(source: Source): number {
    return this.#penalties.waitMs(source.address);
  }

  /**
   * Only a wrong response counts as a guess.
   * @throws Refusal `TOKEN_WRONG`, `TOKEN_AMBIGUOUS`, `SOURCE_THROTTLED`, `SERVER_BUSY`, `DESKTOP_GONE`
   */
  async identify(source: Source, guess: Guessed): Promise<Identity> {
    const attempt = this.#penalties.begin(source.address);
    try {
      const [match, ...others] = await this.#find(guess);
      if (!match) {
        attempt.wrong();
        throw new Refusal("TOKEN_WRONG");
      }
      if (others.length > 0) throw new Refusal("TOKEN_AMBIGUOUS");
      return await this.#confirm(match);
    } finally {
      attempt.right();
    }
  }

  /**
   * A token that came as it was typed. The user name says nothing: viewers fill in whatever their user is called.
   * @throws Refusal like {@link identify}
   */
  identifyPlain(
    source: Source,
    { password }: { readonly user: string; readonly password: string },
  ): Promise<Identity> {
    return this.identify(source, answerFor(password));
  }

  async #find(guess: Guessed): Promise<IndexedToken[]> {
    await askState(this.#index.prepare());
    const known = await this.#match(guess);
    if (known.length > 0) return known;
    await askState(this.#index.reload());
    return await this.#match(guess);
  }

  async #match(guess: Guessed): Promise<IndexedToken[]> {
    const matches = await this.#scan.match(guess, this.#index.candidates);
    return matches.filter((token) => token.expiresAt > this.#clock.now());
  }

  /** The index may be a little old; the store knows what was revoked a moment ago. */
  async #confirm(token: IndexedToken): Promise<Identity> {
    const open = await askState(this.#stores.tokens.list(token.desktopId));
    if (!open.some((other) => other.id === token.id)) throw new Refusal("TOKEN_WRONG");
    const desktop = await askState(this.#stores.desktops.find(token.desktopId));
    if (!desktop) throw new Refusal("DESKTOP_GONE");
    return { desktop, role: token.role, method: "token", subject: token.id };
  }
}

/** What VNC Authentication would have made of it: tokens are kept ready for that, not in plain text. */
function answerFor(password: string): Guessed {
  const challenge = randomBytes(CHALLENGE_BYTES);
  // DES sees eight bytes and seven bits of each: what it would cut is no token.
  const response = TOKEN.test(password) ? vncAuthResponse(password, challenge) : randomBytes(CHALLENGE_BYTES);
  return { challenge, response };
}
