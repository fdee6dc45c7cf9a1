import { afterEach, expect, test, vi } from "vitest";
import { takeInvitation } from "../../../../../web/client/sign-in/invitation-link.ts";

const SECRET = `Ab_-${"x".repeat(39)}`;

function stubBrowser(hash: string): string[] {
  const replaced: string[] = [];
  vi.stubGlobal("location", { hash, pathname: "/invitation", search: "" });
  vi.stubGlobal("history", {
    state: null,
    replaceState: (_state: unknown, _title: string, url: string) => replaced.push(url),
  });
  return replaced;
}
afterEach(() => vi.unstubAllGlobals());

test("the secret of a link is taken out of the address", () => {
  const replaced = stubBrowser(`#${SECRET}`);
  expect(takeInvitation()).toBe(SECRET);
  expect(replaced).toEqual(["/invitation"]);
});

test.each(["", "#", `#${SECRET}x`, `#${SECRET.slice(1)}`, `#x=${SECRET}`])("%j is no invitation", (hash) => {
  const replaced = stubBrowser(hash);
  expect(takeInvitation()).toBeNull();
  expect(replaced).toEqual([]);
});
