import { randomBytes } from "node:crypto";
import { CHALLENGE_BYTES, vncAuthResponse, type Clock } from "../../protocol/index.ts";
import type { TokenGuessThrottle } from "../limits/token-guess-throttle.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import { queryStateForViewer, ViewerRefusal } from "../model/viewer-refusal.ts";
import type { DesktopView, Role, TokenRecord } from "../state/state-records.ts";
import type { Rights } from "../rights/rights.ts";
import type { Stores } from "../state/stores.ts";
import type { ViewerIdentity } from "./viewer-identity.ts";
import type { IndexedToken, TokenIndex } from "./token-index.ts";
import type { ChallengeResponse, TokenScan } from "./token-scan.ts";

/** One to eight printable characters of ASCII. */
const TOKEN = /^[ -~]{1,8}$/;
/** Ids of the only desktops whose tokens count; null: all. */
type DesktopIds = ReadonlySet<string> | null;
/** Control characters, and what was no UTF-8: the state is not asked for such names. */
const UNPRINTABLE = /[\p{Cc}\uFFFD]/u;

interface TokenIdentifierDependencies {
  readonly stores: Stores;
  readonly rights: Pick<Rights, "mayUse">;
  readonly index: TokenIndex;
  readonly scan: TokenScan<IndexedToken>;
  readonly throttle: TokenGuessThrottle;
  readonly clock: Clock;
}

/** Tells from a VNC Authentication response which token was typed. */
export class TokenIdentifier {
  readonly #dependencies: TokenIdentifierDependencies;

  constructor(dependencies: TokenIdentifierDependencies) {
    this.#dependencies = dependencies;
  }

  /** Milliseconds until this source may try again; 0: now. */
  waitMs(source: ConnectionSource): number {
    return this.#dependencies.throttle.waitMs(source.address);
  }

  /** A key agreement of this source failed after it had cost work: that counts as a wrong token. */
  countFailedAgreement(source: ConnectionSource): void {
    this.#dependencies.throttle.countFailure(source.address);
  }

  /**
   * Only a wrong response counts as a guess.
   * @param only ids of the desktops whose tokens count; null: all
   * @throws ViewerRefusal `TOKEN_WRONG`, `TOKEN_AMBIGUOUS`, `SOURCE_THROTTLED`, `SERVER_BUSY`, `DESKTOP_GONE`, `RIGHT_ENDED`
   */
  identify(
    source: ConnectionSource,
    guess: ChallengeResponse,
    only: DesktopIds = null,
  ): Promise<ViewerIdentity> {
    return this.#identify<never>(source, guess, () => Promise.resolve(only), null);
  }

  /**
   * A token that came as it was typed, with a user name: a name that desktops have narrows the search to them,
   * any other is ignored, since many viewers fill in the user's login name.
   * @param otherwise asked when it is no token; what it throws counts as a wrong token
   * @throws ViewerRefusal like {@link identify}
   */
  async identifyPlain<T = never>(
    source: ConnectionSource,
    { user, password }: { readonly user: string; readonly password: string },
    only: DesktopIds = null,
    otherwise: (() => Promise<T>) | null = null,
  ): Promise<ViewerIdentity | T> {
    // What cannot be a token costs no guess at one: the sign-in has a throttle of its own.
    if (otherwise !== null && !TOKEN.test(password)) return await otherwise();
    const narrow = async (): Promise<DesktopIds> => {
      const named = await this.#findNamed(user);
      return named && only ? new Set([...named].filter((id) => only.has(id))) : (named ?? only);
    };
    return await this.#identify(source, computeResponse(password), narrow, otherwise);
  }

  async #identify<T>(
    source: ConnectionSource,
    guess: ChallengeResponse,
    narrow: () => Promise<DesktopIds>,
    otherwise: (() => Promise<T>) | null,
  ): Promise<ViewerIdentity | T> {
    const attempt = await this.#dependencies.throttle.begin(source.address);
    try {
      const [match, ...others] = await this.#dropClosed(await this.#find(guess, await narrow()));
      if (!match && otherwise !== null) {
        try {
          return await otherwise();
        } catch (error) {
          attempt.wrong();
          throw error;
        }
      }
      if (!match) {
        attempt.wrong();
        throw new ViewerRefusal("TOKEN_WRONG");
      }
      if (others.length > 0) throw new ViewerRefusal("TOKEN_AMBIGUOUS");
      const identity = await this.#confirm(match);
      attempt.right();
      return identity;
    } finally {
      attempt.withdraw();
    }
  }

  /** Ids of the desktops of this name; null: it is no desktop's. */
  async #findNamed(name: string): Promise<DesktopIds> {
    if (name === "" || UNPRINTABLE.test(name)) return null;
    const named = await queryStateForViewer(this.#dependencies.stores.desktops.findByName(name));
    return named.length === 0 ? null : new Set(named.map(({ id }) => id));
  }

  async #find(guess: ChallengeResponse, only: DesktopIds): Promise<IndexedToken[]> {
    await queryStateForViewer(this.#dependencies.index.prepare());
    const known = await this.#match(guess, only);
    if (known.length > 0) return known;
    await queryStateForViewer(this.#dependencies.index.reload());
    return await this.#match(guess, only);
  }

  async #match(guess: ChallengeResponse, only: DesktopIds): Promise<IndexedToken[]> {
    const matches = await this.#dependencies.scan.match(guess, this.#dependencies.index.candidates);
    const [now, monotonic] = [this.#dependencies.clock.now(), this.#dependencies.clock.monotonic()];
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
  async #confirm(token: IndexedToken): Promise<ViewerIdentity> {
    const stored = await this.#findStored(token);
    if (!stored) throw new ViewerRefusal("TOKEN_WRONG");
    const desktop = await queryStateForViewer(this.#dependencies.stores.desktops.find(token.desktopId));
    if (!desktop) throw new ViewerRefusal("DESKTOP_GONE");
    const { id: subject, role, denied, createdBy, expiresAt } = stored;
    const maker = await queryStateForViewer(this.#dependencies.stores.users.find(createdBy));
    const rightOf = maker?.id ?? null;
    if (rightOf !== null && !(await this.#mayGive(rightOf, desktop, role)))
      throw new ViewerRefusal("RIGHT_ENDED");
    const endsAt = Math.min(
      token.endsAt,
      this.#dependencies.clock.monotonic() + expiresAt - this.#dependencies.clock.now(),
    );
    const person = maker?.name ?? null;
    const by = { method: "token", subject, person, rightOf, byAccount: false, loginHash: null } as const;
    return { desktop, role, denied, ...by, endsAt };
  }

  /** Nobody's token goes further than its maker's own right does now. */
  #mayGive(makerId: string, desktop: DesktopView, role: Role): Promise<boolean> {
    return queryStateForViewer(this.#dependencies.rights.mayUse(makerId, desktop, role));
  }

  #findStored({ id }: IndexedToken): Promise<TokenRecord | null> {
    return queryStateForViewer(this.#dependencies.stores.tokens.find(id));
  }
}

/** What VNC Authentication would have made of it: tokens are kept ready for that, not in plaintext. */
export function computeResponse(password: string): ChallengeResponse {
  const challenge = randomBytes(CHALLENGE_BYTES);
  // DES would see no more than eight bytes and seven bits of each: nothing else is a token.
  const response = TOKEN.test(password) ? vncAuthResponse(password, challenge) : randomBytes(CHALLENGE_BYTES);
  return { challenge, response };
}
