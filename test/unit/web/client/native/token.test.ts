import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../../../../web/client/api/api.ts";
import {
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
    createToken: vi.fn((desktop: string) => {
      made += 1;
      const expiresAt = Date.now() + 3_600_000;
      return Promise.resolve({
        id: `t${made}`,
        token: "x",
        desktop,
        role: "control",
        expiresAt,
        address: null,
      });
    }),
    removeToken: vi.fn(() => Promise.resolve(undefined)),
  } as unknown as Api;
  beforeEach(forgetTokens);

  it("makes one token per desktop, however often it is asked", async () => {
    const first = await obtainToken(api, "d1", false);
    expect(await obtainToken(api, "d1", false)).toBe(first);
    expect((await obtainToken(api, "d2", false)).id).not.toBe(first.id);
  });

  it("makes another when asked to, after a withdrawal, and after a sign-out", async () => {
    const first = await obtainToken(api, "d1", false);
    const second = await obtainToken(api, "d1", true);
    expect(second.id).not.toBe(first.id);
    await withdrawToken(api, "d1", second.id);
    expect(api.removeToken).toHaveBeenCalledWith(second.id);
    const third = await obtainToken(api, "d1", false);
    expect(third.id).not.toBe(second.id);
    forgetTokens();
    expect((await obtainToken(api, "d1", false)).id).not.toBe(third.id);
  });
});
