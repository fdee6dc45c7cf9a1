import { beforeEach, describe, expect, it, vi } from "vitest";
import type { TokenRights, Api } from "../../../../../web/client/api/api-client.ts";
import {
  setPermission,
  ALL_RIGHTS,
  hasPermission,
  TOKEN_PERMISSIONS,
} from "../../../../../web/client/native/token-rights.ts";
import {
  changeToken,
  clearTokens,
  remainingLifetimeShare,
  obtainToken,
  revokeToken,
} from "../../../../../web/client/native/token-cache.ts";
import { groupToken, spellToken } from "../../../../../web/client/native/format-token.ts";

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
    const token = { createdAt: 1_000, expiresAt: 2_000 };
    expect([0, 1_000, 1_750, 2_000, 9_000].map((now) => remainingLifetimeShare(token, now))).toEqual([
      1, 1, 0.25, 0, 0,
    ]);
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
  beforeEach(clearTokens);

  it("makes one token per desktop, however often it is asked", async () => {
    const first = await obtainToken(api, "d1", false, ALL_RIGHTS);
    expect(await obtainToken(api, "d1", false, ALL_RIGHTS)).toBe(first);
    expect((await obtainToken(api, "d2", false, ALL_RIGHTS)).id).not.toBe(first.id);
  });

  it("makes another when asked to, after a withdrawal, and after a sign-out", async () => {
    const first = await obtainToken(api, "d1", false, ALL_RIGHTS);
    const second = await obtainToken(api, "d1", true, ALL_RIGHTS);
    expect(second.id).not.toBe(first.id);
    await revokeToken(api, "d1", second.id);
    expect(api.removeToken).toHaveBeenCalledWith(second.id);
    const third = await obtainToken(api, "d1", false, ALL_RIGHTS);
    expect(third.id).not.toBe(second.id);
    clearTokens();
    expect((await obtainToken(api, "d1", false, ALL_RIGHTS)).id).not.toBe(third.id);
  });

  it("keeps the token when what it allows changes", async () => {
    const first = await obtainToken(api, "d1", false, { role: "view", denied: ["audio"] });
    expect(first).toMatchObject({ role: "view", denied: ["audio"] });
    const changed = await changeToken(api, "d1", first, { role: "control", denied: [] });
    expect(changed).toEqual({ ...first, role: "control", denied: [] });
    expect(await obtainToken(api, "d1", false, ALL_RIGHTS)).toBe(changed);
  });
});

describe("what a token allows", () => {
  const listAllowed = (allowance: TokenRights) =>
    TOKEN_PERMISSIONS.filter((name) => hasPermission(allowance, name));

  it("is everything at first; each switch takes one thing away and gives it back", () => {
    expect(listAllowed(ALL_RIGHTS)).toEqual([...TOKEN_PERMISSIONS]);
    for (const name of TOKEN_PERMISSIONS) {
      const without = setPermission(ALL_RIGHTS, name, false);
      expect(without).toEqual({ role: "control", denied: [name] });
      expect(listAllowed(without)).toEqual(TOKEN_PERMISSIONS.filter((other) => other !== name));
      expect(setPermission(without, name, true)).toEqual(ALL_RIGHTS);
      expect(setPermission(without, name, false)).toEqual(without);
    }
  });

  it("is nothing that acts for those who only watch, and what was switched off stays off", () => {
    const watching: TokenRights = { role: "view", denied: ["audio"] };
    expect(listAllowed(watching)).toEqual(["clipboard-out"]);
    expect(listAllowed({ ...watching, role: "control" })).toEqual(
      TOKEN_PERMISSIONS.filter((name) => name !== "audio"),
    );
  });
});
