import { expect, test } from "vitest";
import { isLoopbackHost } from "../../../../../web/server/sign-in/loopback.ts";

test.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])("%s is this computer", (address) => {
  expect(isLoopbackHost(address)).toBe(true);
});

test.each([
  "0.0.0.0",
  "::",
  "10.0.0.1",
  "127.0.0.1.example.org",
  "127.1",
  "",
  "::ffff:10.0.0.1",
  "desk.test",
])("%s is not", (address) => {
  expect(isLoopbackHost(address)).toBe(false);
});

test("the name of this computer counts", () => {
  expect(isLoopbackHost("LocalHost")).toBe(true);
});
