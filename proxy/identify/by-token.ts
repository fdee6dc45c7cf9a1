import { randomBytes } from "node:crypto";
import { CHALLENGE_BYTES, vncAuthResponse, type Clock } from "../../protocol/index.ts";
import type { Penalties } from "../admit/penalties.ts";
import type { Source } from "../admit/source.ts";
import { askState, Refusal } from "../refusals.ts";
import type { TokenRecord } from "../state/records.ts";
import type { Stores } from "../state/stores.ts";
import type { Identity } from "./identity.ts";
import type { IndexedToken, TokenIndex } from "./token-index.ts";
import type { Guessed, TokenScan } from "./token-scan.ts";

/** One to eight printable characters of ASCII. */
const TOKEN = /^[ -~]{1,8}$/;
/** Ids of the only desktops whose tokens count; null: all. */
type Desktops = ReadonlySet<string> | null;
/** Control characters, and what was no UTF-8: the state is not asked for such names. */
const UNPRINTABLE = /[\p{Cc}\uFFFD]/u;

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
   * @param only ids of the desktops whose tokens count; null: all
   * @throws Refusal `TOKEN_WRONG`, `TOKEN_AMBIGUOUS`, `SOURCE_THROTTLED`, `SERVER_BUSY`, `DESKTOP_GONE`
   */
  identify(source: Source, guess: Guessed, only: Desktops = null): Promise<Identity> {
    return this.#identify(source, guess, () => Promise.resolve(only));
  }

  /**
   * A token that came as it was typed, with a user name: a name that desktops have narrows the search to them,
   * any other says nothing, for many viewers fill in whatever their user is called.
   * @throws Refusal like {@link identify}
   */
  identifyPlain(
    source: Source,
    { user, password }: { readonly user: string; readonly password: string },
    only: Desktops = null,
  ): Promise<Identity> {
    return this.#identify(source, answerFor(password), async () => {
      const named = await this.#findNamed(user);
      return named && only ? new Set([...named].filter((id) => only.has(id))) : (named ?? only);
    });
  }

  async #identify(source: Source, guess: Guessed, narrow: () => Promise<Desktops>): Promise<Identity> {
    const attempt = this.#penalties.begin(source.address);
    try {
      const [match, ...others] = await this.#dropClosed(await this.#find(guess, await narrow()));
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

  /** Ids of the desktops of this name; null: it is no desktop's. */
  async #findNamed(name: string): Promise<Desktops> {
    if (name === "" || UNPRINTABLE.test(name)) return null;
    const named = await askState(this.#stores.desktops.findByName(name));
    return named.length === 0 ? null : new Set(named.map(({ id }) => id));
  }

  async #find(guess: Guessed, only: Desktops): Promise<IndexedToken[]> {
    await askState(this.#index.prepare());
    const known = await this.#match(guess, only);
    if (known.length > 0) return known;
    await askState(this.#index.reload());
    return await this.#match(guess, only);
  }

  async #match(guess: Guessed, only: Desktops): Promise<IndexedToken[]> {
    const matches = await this.#scan.match(guess, this.#index.candidates);
    const [now, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const isAsked = (token: IndexedToken): boolean => only?.has(token.desktopId) ?? true;
    return matches.filter((token) => token.expiresAt > now && token.endsAt > monotonic && isAsked(token));
  }

  /** A derived token that was withdrawn and opened again may be in the index twice. */
  async #dropClosed(matches: IndexedToken[]): Promise<IndexedToken[]> {
    if (matches.length < 2) return matches;
    const stored = await Promise.all(matches.map((token) => this.#findStored(token)));
    return matches.filter((_token, position) => stored[position] !== null);
  }

  /** The index may be a little old; the store knows what was revoked a moment ago. */
  async #confirm(token: IndexedToken): Promise<Identity> {
    const stored = await this.#findStored(token);
    if (!stored) throw new Refusal("TOKEN_WRONG");
    const desktop = await askState(this.#stores.desktops.find(token.desktopId));
    if (!desktop) throw new Refusal("DESKTOP_GONE");
    const { id: subject, role, denied, expiresAt } = stored;
    const endsAt = Math.min(token.endsAt, this.#clock.monotonic() + expiresAt - this.#clock.now());
    const by = { method: "token", subject, byAccount: false, loginHash: null } as const;
    return { desktop, role, denied, ...by, endsAt };
  }

  #findStored({ id }: IndexedToken): Promise<TokenRecord | null> {
    return askState(this.#stores.tokens.find(id));
  }
}

/** What VNC Authentication would have made of it: tokens are kept ready for that, not in plaintext. */
function answerFor(password: string): Guessed {
  const challenge = randomBytes(CHALLENGE_BYTES);
  // DES would see no more than eight bytes and seven bits of each: nothing else is a token.
  const response = TOKEN.test(password) ? vncAuthResponse(password, challenge) : randomBytes(CHALLENGE_BYTES);
  return { challenge, response };
}
