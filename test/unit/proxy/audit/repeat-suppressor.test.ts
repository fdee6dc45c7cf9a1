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
  it("lets 20 refusals of a kind through, and counts the rest of ten seconds in one line", () => {
    expect(recordRepeats(PROXY_LIMITS.auditRefusalLines)).toBe(PROXY_LIMITS.auditRefusalLines);
    expect(recordRepeats(1_000)).toBe(0);
    expect(recordRepeats(3, refusal("192.0.2.1", "SERVER_BUSY"))).toBe(3);
    expect(recordRepeats(3, refusal("192.0.2.2"))).toBe(3);
    clock.advance(PROXY_LIMITS.auditRefusalMs - 1);
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

  it("remembers a bounded number of sources, and tells of those that it forgets", () => {
    recordRepeats(25, refusal("first"));
    for (let other = 1; other < PROXY_LIMITS.auditRefusalSources; other++)
      recordRepeats(1, refusal(`other ${other}`));
    expect(written).toEqual([]);
    recordRepeats(1, refusal("one more"));
    expect(written).toMatchObject([{ count: 5, source: { address: "first" } }]);
    expect(clock.pending).toBe(PROXY_LIMITS.auditRefusalSources);
  });

  it("tells of everything when it is flushed", () => {
    recordRepeats(22);
    repeats.flush();
    expect(written).toMatchObject([{ count: 2 }]);
    expect(clock.pending).toBe(0);
  });
});
