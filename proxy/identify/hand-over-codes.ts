import { generateToken, vncAuthResponse, type Clock } from "../../protocol/index.ts";
import { sourceKey, type ConnectionSource } from "../model/connection-source.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { SignedInPerson } from "./people-sign-in.ts";
import type { ChallengeResponse } from "./token-scan.ts";

/** What a second connection goes on with. */
export interface HandedOver {
  readonly person: SignedInPerson;
  readonly desktopId: string;
}

export interface HandOver {
  /** Typed as the VNC password. */
  readonly code: string;
  /** Settles when the code was used, or can be no more. */
  readonly over: Promise<void>;
}

interface OpenHandOver extends HandedOver {
  readonly code: string;
  readonly source: string;
  /** Takes the code out; the login is not touched. */
  settle(): void;
}

/**
 * Codes by which people who have signed in on a viewer's screen go on in a second connection: each for one account, one desktop, one
 * source and one use, within a minute. They are kept in memory alone, so the second connection has to reach the same server.
 */
export class HandOverCodes {
  readonly #clock: Clock;
  #open: readonly OpenHandOver[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The person's login belongs to this object from now on, and ends with the code if nobody takes it. */
  issue(handed: HandedOver, source: ConnectionSource): HandOver {
    const { person } = handed;
    const own = this.#open.filter((other) => other.person.userId === person.userId);
    const [oldest] = own;
    if (oldest !== undefined && own.length >= PROXY_LIMITS.handOversPerAccount) void end(oldest);
    const code = generateToken();
    let settle: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const entry: OpenHandOver = {
      ...handed,
      code,
      source: sourceKey(source.address),
      settle: () => {
        cancel();
        this.#open = this.#open.filter((other) => other !== entry);
        settle();
      },
    };
    const cancel = this.#clock.after(PROXY_LIMITS.handOverMs, () => {
      void end(entry);
    });
    this.#open = [...this.#open, entry];
    return { code, over };
  }

  /** Uses a code up; the login is the caller's then. Null: it is none of this source. */
  take(source: ConnectionSource, { challenge, response }: ChallengeResponse): HandedOver | null {
    const from = sourceKey(source.address);
    const found = this.#open.find(
      (one) => one.source === from && vncAuthResponse(one.code, challenge).equals(response),
    );
    found?.settle();
    return found ?? null;
  }

  /** Ends all of them, with their logins. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#open.map(end));
  }
}

function end(entry: OpenHandOver): Promise<void> {
  entry.settle();
  return entry.person.leave();
}
