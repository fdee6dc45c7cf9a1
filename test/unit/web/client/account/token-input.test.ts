import { expect, test } from "vitest";
import { apiTokenRequest } from "../../../../../web/api/schemas.ts";
import { checkToken, describeToken, TOKEN_DAYS } from "../../../../../web/client/account/token-input.ts";

const INPUT = { name: " build ", scopes: ["read"], days: 30, sources: "" } as const;
const input = (change: object) => ({ ...INPUT, scopes: ["read" as const], ...change });

test("what is asked for is what the server takes", () => {
  const wanted = describeToken(input({ sources: "192.0.2.7, 10.0.0.0/8\n2001:db8::/32 ::1" }));
  expect(wanted).toEqual({
    name: "build",
    scopes: ["read"],
    ttlSeconds: 2_592_000,
    sources: ["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "::1"],
  });
  expect(apiTokenRequest.parse(wanted)).toEqual(wanted);
  for (const days of TOKEN_DAYS) apiTokenRequest.parse(describeToken(input({ days })));
});

test("what is missing is named", () => {
  expect(checkToken(input({}))).toEqual({ name: null, scopes: null, sources: null });
  expect(checkToken(input({ name: "  " })).name).toBe("nameMissing");
  expect(checkToken(input({ name: "n".repeat(64) })).name).toBeNull();
  expect(checkToken(input({ name: "n".repeat(65) })).name).toBe("nameMissing");
  expect(checkToken(input({ scopes: [] })).scopes).toBe("mayMissing");
});

test.each(["lab", "10.0.0.0/", "https://192.0.2.7", "192.0.2.7/abc"])("%j is no source", (sources) => {
  expect(checkToken(input({ sources })).sources).toBe("sourcesWrong");
});

test("there are at most sixteen sources", () => {
  const list = (count: number) => Array.from({ length: count }, (_, index) => `192.0.2.${index}`).join("\n");
  expect(checkToken(input({ sources: list(16) })).sources).toBeNull();
  expect(checkToken(input({ sources: list(17) })).sources).toBe("sourcesWrong");
});
