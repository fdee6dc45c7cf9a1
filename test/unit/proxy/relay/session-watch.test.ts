import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import type { ViewerIdentity } from "../../../../proxy/identify/viewer-identity.ts";
import type { PersonRights, RightsChanges, SessionValidity } from "../../../../proxy/index.ts";
import { SessionWatch } from "../../../../proxy/relay/session-watch.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const VALID: SessionValidity = {
  id: "s",
  orderedEnd: null,
  desktopExists: true,
  agentRevoked: false,
  token: null,
  account: null,
  loginEnded: false,
};

function open(
  endsAt: number | null = null,
  method: ViewerIdentity["method"] = "token",
  rightOf: string | null = null,
) {
  const asked: string[] = [];
  let listener: (changes: RightsChanges) => void = () => undefined;
  const rights = {
    fails: false,
    allows: true,
    tell: (changes: RightsChanges) => {
      listener(changes);
    },
    of: () => Promise.resolve({ groupIds: ["hers"] } as unknown as PersonRights),
    mayUse: (userId: string, { id }: { readonly id: string }, level: string) => {
      if (rights.fails) return Promise.reject(new Error("away"));
      asked.push(`${userId} ${id} ${level}`);
      return Promise.resolve(rights.allows);
    },
    refresh: () => Promise.resolve(),
    onChange: (heard: typeof listener) => {
      listener = heard;
      return () => undefined;
    },
  };
  const clock = new ManualClock();
  const ends: string[] = [];
  let validity: SessionValidity[] | Error = [VALID];
  let looks = 0;
  let logged = "";
  const identity = {
    method,
    byAccount: false,
    rightOf,
    endsAt,
    desktop: { id: "d" },
    role: "view",
  } as ViewerIdentity;
  const sessions = [{ id: "s", identity, end: (cause: string) => ends.push(cause) }];
  const watch = new SessionWatch({
    sessions: () => sessions,
    store: {
      listValidity: (serverId) => {
        looks += 1;
        expect(serverId).toBe("here");
        return validity instanceof Error ? Promise.reject(validity) : Promise.resolve(validity);
      },
    },
    rights,
    serverId: "here",
    clock,
    log: pino({}, { write: (line: string) => (logged += line) }),
  });
  return {
    clock,
    ends,
    watch,
    sessions,
    looks: () => looks,
    rights,
    asked: () => asked,
    log: () => logged,
    say: (value: typeof validity) => (validity = value),
  };
}

describe("SessionWatch", () => {
  it("looks every few seconds, and ends what has lost its right", async () => {
    const { clock, ends, watch, say, looks } = open();
    clock.advance(PROXY_LIMITS.sessionCheckMs - 1);
    expect(looks()).toBe(0);
    clock.advance(1);
    await watch.check();
    expect(ends).toEqual([]);
    say([{ ...VALID, orderedEnd: "SESSION_ENDED" }]);
    clock.advance(PROXY_LIMITS.sessionCheckMs);
    await watch.check();
    expect(ends).toContain("SESSION_ENDED");
  });

  it("asks nothing while no session is open, and knows nothing of other sessions", async () => {
    const { watch, sessions, looks, say, ends } = open();
    say([{ ...VALID, id: "another", orderedEnd: "SESSION_ENDED" }]);
    await watch.check();
    sessions.pop();
    await watch.check();
    expect([looks(), ends]).toEqual([1, []]);
  });

  it("a check sees what was decided before it, even while another one is under way", async () => {
    const { watch, say, ends, looks } = open();
    const first = watch.check();
    const second = watch.check();
    await Promise.resolve();
    say([{ ...VALID, desktopExists: false }]);
    const third = watch.check();
    await Promise.all([first, second, third]);
    expect(ends.at(-1)).toBe("DESKTOP_GONE");
    expect(looks()).toBeLessThanOrEqual(2);
  });

  it("leaves sessions alone while the state cannot be read, and says so once", async () => {
    const { watch, say, ends, log } = open();
    say(new Error("gone"));
    await watch.check();
    await watch.check();
    expect(ends).toEqual([]);
    expect(log().match(/cannot be checked/g)).toHaveLength(1);
    say([{ ...VALID, desktopExists: false }]);
    await watch.check();
    expect(ends).toEqual(["DESKTOP_GONE"]);
  });

  it.each([3_600_000, -3_600_000])("a wall clock that is set by %i ms neither ends nor prolongs", (jump) => {
    const { clock, ends } = open(10_000);
    clock.setWallClock(clock.now() + jump);
    clock.advance(9_999);
    expect(ends).toEqual([]);
    clock.advance(PROXY_LIMITS.sessionCheckMs);
    expect(ends).toEqual(["TOKEN_EXPIRED"]);
  });

  it("says of a login that it has expired, not of a token", () => {
    const { clock, ends } = open(1_000, "ticket");
    clock.advance(PROXY_LIMITS.sessionCheckMs);
    expect(ends).toEqual(["LOGIN_ENDED"]);
  });

  it("ends a session whose person may no longer, and asks again only when that may have changed", async () => {
    const changed = (change: Partial<RightsChanges>): RightsChanges => ({
      revision: 1,
      everybody: false,
      userIds: new Set(),
      groupIds: new Set(),
      ...change,
    });
    const { ends, watch, rights, asked } = open(null, "token", "anna");
    await watch.check();
    await watch.check();
    expect(asked()).toEqual(["anna d view"]);
    rights.tell(changed({ userIds: new Set(["ben"]), groupIds: new Set(["others"]) }));
    await watch.check();
    expect(asked()).toHaveLength(1);
    for (const change of [
      { userIds: new Set(["anna"]) },
      { groupIds: new Set(["hers"]) },
      { everybody: true },
    ]) {
      rights.tell(changed(change));
      await watch.check();
    }
    expect(asked()).toHaveLength(4);
    // A look that failed is made again.
    rights.fails = true;
    rights.tell(changed({ groupIds: new Set(["hers"]) }));
    await watch.check();
    expect(ends).toEqual([]);
    Object.assign(rights, { fails: false, allows: false });
    await watch.check();
    expect(ends).toEqual(["RIGHT_ENDED"]);
  });

  it("outlives the longest timer", () => {
    const { clock, ends, watch } = open(40 * 24 * 3_600_000);
    clock.advance(PROXY_LIMITS.sessionCheckMs * 3);
    expect(ends).toEqual([]);
    watch.close();
    expect(clock.pending).toBe(0);
  });
});
