import { beforeEach, describe, expect, it, vi } from "vitest";
import type { TokenRights, Api } from "../../../../../web/client/api/api.ts";
import { allow, EVERYTHING, isAllowed, SWITCHES } from "../../../../../web/client/native/allowance.ts";
import {
  changeToken,
  forgetTokens,
  lifeLeft,
  obtainToken,
  withdrawToken,
} from "../../../../../web/client/native/held-tokens.ts";
import { groupToken, spellToken } from "../../../../../web/client/native/spell-token.ts";

describe("a token on the page", () => {
  it("stands in groups of four", () => {
    expect(groupToken("abcd2345")).toEqual(["abcd", "2345"]);
    expect(groupToken("^HbD)GJo")).toEqual(["^HbD", ")GJo"]);
    expect(groupToken("abcde")).toEqual(["abcd", "e"]);
    expect(groupToken("")).toEqual([]);
  });

  it("is read out one character at a time", () => {
    expect(spellToken("k7Xm")).toBe("k 7 X m");
  });
});

describe("lifeLeft", () => {
  it("shrinks from one to zero", () => {
    const token = { madeAt: 1_000, expiresAt: 2_000 };
    expect([0, 1_000, 1_750, 2_000, 9_000].map((now) => lifeLeft(token, now))).toEqual([1, 1, 0.25, 0, 0]);
  });
});

describe("obtainToken", () => {
  let made = 0;
  const api = {
    createToken: vi.fn((desktop: string, { role, denied }: TokenRights) => {
      made += 1;
      const expiresAt = Date.now() + 3_600_000;
      return Promise.resolve({
        id: `t${made}`,
        token: "x",
        desktop,
        role,
        denied,
        expiresAt,
        address: null,
      });
    }),
    changeToken: vi.fn((id: string, { role, denied }: TokenRights) => Promise.resolve({ id, role, denied })),
    removeToken: vi.fn(() => Promise.resolve(undefined)),
  } as unknown as Api;
  beforeEach(forgetTokens);

  it("makes one token per desktop, however often it is asked", async () => {
    const first = await obtainToken(api, "d1", false, EVERYTHING);
    expect(await obtainToken(api, "d1", false, EVERYTHING)).toBe(first);
    expect((await obtainToken(api, "d2", false, EVERYTHING)).id).not.toBe(first.id);
  });

  it("makes another when asked to, after a withdrawal, and after a sign-out", async () => {
    const first = await obtainToken(api, "d1", false, EVERYTHING);
    const second = await obtainToken(api, "d1", true, EVERYTHING);
    expect(second.id).not.toBe(first.id);
    await withdrawToken(api, "d1", second.id);
    expect(api.removeToken).toHaveBeenCalledWith(second.id);
    const third = await obtainToken(api, "d1", false, EVERYTHING);
    expect(third.id).not.toBe(second.id);
    forgetTokens();
    expect((await obtainToken(api, "d1", false, EVERYTHING)).id).not.toBe(third.id);
  });

  it("keeps the token when what it allows changes", async () => {
    const first = await obtainToken(api, "d1", false, { role: "view", denied: ["audio"] });
    expect(first).toMatchObject({ role: "view", denied: ["audio"] });
    const changed = await changeToken(api, "d1", first, { role: "control", denied: [] });
    expect(changed).toEqual({ ...first, role: "control", denied: [] });
    expect(await obtainToken(api, "d1", false, EVERYTHING)).toBe(changed);
  });
});

describe("what a token allows", () => {
  const listAllowed = (allowance: TokenRights) => SWITCHES.filter((name) => isAllowed(allowance, name));

  it("is everything at first; each switch takes one thing away and gives it back", () => {
    expect(listAllowed(EVERYTHING)).toEqual([...SWITCHES]);
    for (const name of SWITCHES) {
      const without = allow(EVERYTHING, name, false);
      expect(without).toEqual({ role: "control", denied: [name] });
      expect(listAllowed(without)).toEqual(SWITCHES.filter((other) => other !== name));
      expect(allow(without, name, true)).toEqual(EVERYTHING);
      expect(allow(without, name, false)).toEqual(without);
    }
  });

  it("is nothing that acts for those who only watch, and what was switched off stays off", () => {
    const watching: TokenRights = { role: "view", denied: ["audio"] };
    expect(listAllowed(watching)).toEqual(["clipboard-out"]);
    expect(listAllowed({ ...watching, role: "control" })).toEqual(
      SWITCHES.filter((name) => name !== "audio"),
    );
  });
});
