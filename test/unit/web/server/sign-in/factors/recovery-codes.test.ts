import { expect, test } from "vitest";
import {
  hashRecoveryCode,
  makeRecoveryCodes,
} from "../../../../../../web/server/sign-in/factors/recovery-codes.ts";

test("ten codes of 80 bits, each another one", () => {
  const codes = makeRecoveryCodes();
  expect(codes).toHaveLength(10);
  // 16 letters of 5 bits.
  for (const code of codes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
  expect(new Set(codes.map(hashRecoveryCode)).size).toBe(10);
});

test("how it is written does not matter; what is no code has no hash", () => {
  const hash = hashRecoveryCode("abcd-efgh-ijkl-2345");
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hashRecoveryCode(" ABCD EFGH ijkl2345 ")).toBe(hash);
  for (const text of ["", "123456", "abcd-efgh-ijkl-234", "abcd-efgh-ijkl-23456", "abcd-efgh-ijkl-0189"])
    expect(hashRecoveryCode(text)).toBeNull();
});
