import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { vncAuthResponse } from "../../../../protocol/index.ts";
import { TokenGuessThrottle } from "../../../../proxy/limits/token-guess-throttle.ts";
import { TokenIdentifier } from "../../../../proxy/identify/token-identifier.ts";
import { TokenIndex, type IndexedToken } from "../../../../proxy/identify/token-index.ts";
import { TokenScan, type ChallengeResponse } from "../../../../proxy/identify/token-scan.ts";
import type { DesktopView, IssuedToken } from "../../../../proxy/index.ts";
import type { Stores } from "../../../../proxy/state/stores.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { waitFor } from "../../../support/wait-for.ts";

const SOURCE = { address: "192.0.2.1", port: 1 };
const DESKTOP: DesktopView = {
  id: "d",
  agentId: "a",
  agentName: "agent",
  name: "Desktop",
  machineId: null,
  state: "online",
  createdAt: 0,
  lastSeenAt: 0,
};

function guess(token: string): ChallengeResponse {
  const challenge = randomBytes(16);
  return { challenge, response: vncAuthResponse(token, challenge) };
}

function open(): {
  rights: { allows: boolean };
  clock: ManualClock;
  stored: IssuedToken[];
  index: TokenIndex;
  reads: () => number;
  identify: (token: string) => Promise<unknown>;
} {
  const clock = new ManualClock();
  const stored: IssuedToken[] = [];
  let reads = 0;
  const tokens = {
    listOpen: (now: number) => {
      reads += 1;
      const live = stored.filter(({ expiresAt }) => expiresAt > now);
      const tokens = live.map(({ token, ...record }) => ({ ...record, reveal: () => token }));
      return Promise.resolve({ tokens, next: null });
    },
    find: (id: string) => Promise.resolve(stored.find((token) => token.id === id) ?? null),
  };
  const rights = { allows: true };
  const users = { find: (id: string) => Promise.resolve(id === "u" ? { id: "u", name: "anna" } : null) };
  const desktops = { find: () => Promise.resolve(DESKTOP) };
  const stores = { tokens, desktops, users } as unknown as Stores;
  const index = new TokenIndex(stores.tokens, clock);
  const scan = new TokenScan<IndexedToken>({ monotonic: () => 0, yieldTo: setImmediate });
  const identifier = new TokenIdentifier({
    stores,
    rights: { mayUse: () => Promise.resolve(rights.allows) },
    index,
    scan,
    throttle: new TokenGuessThrottle(clock),
    clock,
  });
  return {
    rights,
    clock,
    stored,
    index,
    reads: () => reads,
    identify: (token) => identifier.identify(SOURCE, guess(token)),
  };
}

function makeToken(clock: ManualClock, id: string, token: string, ttlMs = 60_000): IssuedToken {
  const now = clock.now();
  return {
    id,
    token,
    desktopId: "d",
    role: "view",
    denied: ["power"],
    createdBy: "u",
    createdAt: now,
    expiresAt: now + ttlMs,
  };
}

describe("TokenIdentifier", () => {
  it("knows a token's desktop and role", async () => {
    const { clock, stored, identify } = open();
    stored.push(makeToken(clock, "t", "secret12"));
    await expect(identify("secret12")).resolves.toEqual({
      desktop: DESKTOP,
      role: "view",
      loginHash: null,
      denied: ["power"],
      method: "token",
      subject: "t",
      person: "anna",
      rightOf: "u",
      byAccount: false,
      endsAt: 60_000,
    });
  });

  it("refuses what is wrong, ambiguous or expired", async () => {
    const { clock, stored, identify } = open();
    stored.push(makeToken(clock, "t", "secret12"), makeToken(clock, "short", "shorter1", 10));
    stored.push(makeToken(clock, "twin", "secret12"));
    await expect(identify("secret12")).rejects.toMatchObject({ code: "TOKEN_AMBIGUOUS" });
    clock.advance(10_000);
    await expect(identify("shorter1")).rejects.toMatchObject({ code: "TOKEN_WRONG" });
  });

  it("does not let an expired token in again when the clock is set back", async () => {
    const { clock, stored, identify } = open();
    stored.push(makeToken(clock, "t", "secret12", 1_000));
    await identify("secret12");
    const before = clock.now();
    clock.advance(1_000);
    clock.setWallClock(before - 3_600_000);
    await expect(identify("secret12")).rejects.toMatchObject({ code: "TOKEN_WRONG" });
  });

  it("does not let a token in that was revoked a moment ago, and does not count that as a guess", async () => {
    const { clock, stored, identify } = open();
    stored.push(makeToken(clock, "t", "secret12"));
    await identify("secret12");
    stored.pop();
    for (let count = 0; count < 20; count++) {
      await expect(identify("secret12")).rejects.toMatchObject({ code: "TOKEN_WRONG" });
    }
  });

  it("knows a token made here at once, and one made elsewhere after one reading", async () => {
    const { clock, stored, index, reads, identify } = open();
    stored.push(makeToken(clock, "t", "secret12"));
    await identify("secret12");
    const here = makeToken(clock, "here", "madehere");
    stored.push(here);
    index.add(here);
    await identify("madehere");
    expect(reads()).toBe(1);
    stored.push(makeToken(clock, "there", "elsewher"));
    clock.advance(500);
    await identify("elsewher");
    expect(reads()).toBe(2);
  });

  it("reads again for a miss, once for all who wait, and not at once again", async () => {
    const { clock, reads, identify } = open();
    const guessWrong = (token: string): Promise<void> =>
      expect(identify(token)).rejects.toMatchObject({ code: "TOKEN_WRONG" });
    const misses = [guessWrong("wrong001"), guessWrong("wrong002"), guessWrong("wrong003")];
    await waitFor("the pause", () => clock.pending === 1);
    expect(reads()).toBe(1);
    clock.advance(499);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await Promise.all(misses);
    expect(reads()).toBe(2);
  });

  it("lets nobody further than its maker may go", async () => {
    const { clock, stored, identify, rights } = open();
    stored.push(makeToken(clock, "t", "secret12"));
    rights.allows = false;
    await expect(identify("secret12")).rejects.toMatchObject({ code: "RIGHT_ENDED" });
    rights.allows = true;
    await expect(identify("secret12")).resolves.toMatchObject({ subject: "t" });
  });
});
