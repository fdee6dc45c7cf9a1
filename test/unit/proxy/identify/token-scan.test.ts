import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { prepareToken, vncAuthResponse } from "../../../../protocol/index.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import {
  TokenScan,
  type TokenCandidate,
  type ChallengeResponse,
} from "../../../../proxy/identify/token-scan.ts";

function makeCandidates(count: number): TokenCandidate[] {
  return Array.from({ length: count }, (_value, at) => ({
    id: String(at),
    key: prepareToken(`tok${at}`),
    expiresAt: 0,
  }));
}

function guess(token: string): ChallengeResponse {
  const challenge = randomBytes(16);
  return { challenge, response: vncAuthResponse(token, challenge) };
}

/** Each look at the clock costs `lookMs`; slices wait until they are let go on. */
function openScan(lookMs: number): { scan: TokenScan<TokenCandidate>; goOn: () => boolean } {
  let now = 0;
  const waiting: (() => void)[] = [];
  const scan = new TokenScan<TokenCandidate>({
    monotonic: () => (now += lookMs),
    yieldTo: (next) => waiting.push(next),
  });
  const goOn = (): boolean => {
    const next = waiting.shift();
    next?.();
    return next !== undefined;
  };
  return { scan, goOn };
}

describe("TokenScan", () => {
  it("finds the one token, every one that fits, or none", async () => {
    const { scan } = openScan(0);
    const candidates = [...makeCandidates(50), { id: "twin", key: prepareToken("tok7"), expiresAt: 0 }];
    expect(await scan.match(guess("tok13"), candidates)).toMatchObject([{ id: "13" }]);
    expect(await scan.match(guess("tok7"), candidates)).toMatchObject([{ id: "7" }, { id: "twin" }]);
    expect(await scan.match(guess("other"), candidates)).toEqual([]);
    expect(await scan.match(guess("other"), [])).toEqual([]);
  });

  it("looks at the clock every 500 tokens and yields after half a millisecond", async () => {
    const { scan, goOn } = openScan(0.3);
    const candidates = makeCandidates(4 * PROXY_LIMITS.scanStride);
    const match = scan.match(guess("tok1999"), candidates);
    let slices = 1;
    while (goOn()) slices++;
    // Two strides of 0.3 ms in each slice, and one that finds nothing left.
    expect(slices).toBe(3);
    expect(await match).toMatchObject([{ id: "1999" }]);
  });

  it("runs one after the other: hundreds that come together wait, and none is refused", async () => {
    const { scan, goOn } = openScan(1);
    const candidates = makeCandidates(2 * PROXY_LIMITS.scanStride);
    const order: number[] = [];
    const matches = Array.from({ length: 300 }, (_value, at) =>
      scan.match(guess(`tok${at}`), candidates).then(() => order.push(at)),
    );
    while (goOn());
    await Promise.all(matches);
    expect(order).toEqual(matches.map((_value, at) => at));
    expect(await scan.match(guess("tok1"), makeCandidates(2))).toHaveLength(1);
  });

  it("refuses what would wait for seconds, and takes it when the others are done", async () => {
    const { scan, goOn } = openScan(1);
    const few = makeCandidates(2 * PROXY_LIMITS.scanStride);
    const many = { ...few, length: PROXY_LIMITS.scanBacklogTokens } as unknown as TokenCandidate[];
    const first = scan.match(guess("tok1"), few);
    expect(() => scan.match(guess("tok1"), many)).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
    while (goOn());
    expect(await first).toHaveLength(1);
    expect(() => scan.match(guess("tok1"), many)).not.toThrow();
  });
});
