import { beforeEach, describe, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { RepeatSuppressor } from "../../../../proxy/audit/repeat-suppressor.ts";
import type { AuditEntry } from "../../../../proxy/model/proxy-types.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

let clock: ManualClock;
let written: AuditEntry[];
let repeats: RepeatSuppressor;
beforeEach(() => {
  clock = new ManualClock();
  written = [];
  repeats = new RepeatSuppressor(clock, (entry) => written.push(entry));
});

function refusal(address: string, reason = "TOKEN_WRONG"): AuditEntry {
  const source = { address, port: 7 };
  return { action: "session.refuse", outcome: "failure", reason, source, sessionId: "s", transport: "rfb" };
}

/** How many of so many equal refusals get a line of their own. */
function recordRepeats(times: number, entry = refusal("192.0.2.1")): number {
  return Array.from({ length: times }, () => repeats.allows(entry)).filter(Boolean).length;
}

describe("Repeats", () => {
  it("lets 20 refusals of a kind and network through, and counts the rest of ten seconds in one line", () => {
    expect(recordRepeats(PROXY_LIMITS.repeatLines)).toBe(PROXY_LIMITS.repeatLines);
    expect(recordRepeats(1_000)).toBe(0);
    expect(recordRepeats(3, refusal("192.0.2.1", "SERVER_BUSY"))).toBe(3);
    expect(recordRepeats(3, refusal("192.0.3.2"))).toBe(3);
    clock.advance(PROXY_LIMITS.repeatMs - 1);
    expect(written).toEqual([]);
    clock.advance(1);
    const about = { action: "session.refuse", outcome: "failure", reason: "TOKEN_WRONG", transport: "rfb" };
    expect(written).toEqual([{ ...about, count: 1_000, source: { address: "192.0.2.1", port: 0 } }]);
    expect(recordRepeats(21)).toBe(20);
    expect(clock.pending).toBe(1);
  });

  it("never holds back what succeeded, or what has no source", () => {
    const { source: _source, ...local } = refusal("");
    expect(recordRepeats(100, local)).toBe(100);
    expect(recordRepeats(100, { ...refusal("192.0.2.1"), outcome: "success" })).toBe(100);
    expect(clock.pending).toBe(0);
  });

  it("X10: counts a /64 and a /24 as one, whatever address of it is used", () => {
    const own = Array.from({ length: 500 }, (_, n) =>
      repeats.allows(refusal(`2001:db8:77:1::${n.toString(16)}`)),
    );
    expect(own.filter(Boolean)).toHaveLength(PROXY_LIMITS.repeatLines);
    const lab = Array.from({ length: 250 }, (_, n) => repeats.allows(refusal(`192.0.2.${n}`, "SERVER_BUSY")));
    expect(lab.filter(Boolean)).toHaveLength(PROXY_LIMITS.repeatLines);
    clock.advance(PROXY_LIMITS.repeatMs);
    expect(written.map(({ count }) => count)).toEqual([480, 230]);
  });

  it("X10: all networks together get so many lines of a kind, and so many counts; no refusal is left out of them", () => {
    let lines = 0;
    const times = 3;
    const networks = PROXY_LIMITS.repeatNetworks + 500;
    for (let n = 0; n < networks; n += 1) {
      lines += recordRepeats(times, refusal(`10.${n >> 8}.${n & 255}.1`));
    }
    expect(lines).toBe(PROXY_LIMITS.repeatLinesOfAll);
    expect(clock.pending).toBe(1);
    clock.advance(PROXY_LIMITS.repeatMs);
    expect(written).toHaveLength(PROXY_LIMITS.repeatSummaries + 1);
    expect(written.at(-1)).not.toHaveProperty("source");
    const counted = written.reduce((sum, { count = 0 }) => sum + count, 0);
    expect(lines + counted).toBe(times * networks);
  });

  it("tells of everything when it is flushed", () => {
    recordRepeats(22);
    repeats.flush();
    expect(written).toMatchObject([{ count: 2 }]);
    expect(clock.pending).toBe(0);
  });

  it("X10: while the disk is short, refusals are only counted, and told when there is room again", () => {
    repeats.setShort(true);
    expect(recordRepeats(5)).toBe(0);
    clock.advance(PROXY_LIMITS.repeatMs);
    expect(recordRepeats(7, refusal("198.51.100.1"))).toBe(0);
    clock.advance(PROXY_LIMITS.repeatMs);
    expect(written).toEqual([]);
    repeats.setShort(false);
    expect(written).toMatchObject([{ action: "session.refuse", reason: "TOKEN_WRONG", count: 12 }]);
    expect(recordRepeats(1)).toBe(1);
  });
});
