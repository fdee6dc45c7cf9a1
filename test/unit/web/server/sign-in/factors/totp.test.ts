import { Secret, URI, TOTP } from "otpauth";
import { expect, test } from "vitest";
import {
  describeTotpSecret,
  findTotpStep,
  makeTotpSecret,
} from "../../../../../../web/server/sign-in/factors/totp.ts";

/** RFC 6238, appendix B: the secret of its SHA-1 rows; the codes' last six digits. */
const RFC_SECRET = Secret.fromLatin1("12345678901234567890").base32;
const STEP_MS = 30_000;

test.each([
  [59, "287082", 1],
  [1_111_111_109, "081804", 37_037_036],
  [1_111_111_111, "050471", 37_037_037],
  [1_234_567_890, "005924", 41_152_263],
  [2_000_000_000, "279037", 66_666_666],
  [20_000_000_000, "353130", 666_666_666],
])("RFC 6238 at %d s", (seconds, code, step) => {
  expect(findTotpStep(RFC_SECRET, code, seconds * 1000)).toBe(step);
});

test("a code counts one step before and after, with blanks in it, and no further", () => {
  const at = 59_000;
  for (const steps of [-1, 0, 1]) expect(findTotpStep(RFC_SECRET, "287 082", at + steps * STEP_MS)).toBe(1);
  for (const steps of [-2, 2]) expect(findTotpStep(RFC_SECRET, "287082", at + steps * STEP_MS)).toBeNull();
});

test.each(["", "28708", "2870820", "28708a", "-87082", "２８７０８２", "287082\0"])(
  "%j is no code",
  (code) => {
    expect(findTotpStep(RFC_SECRET, code, 59_000)).toBeNull();
  },
);

test("an app reads what it needs from the address", () => {
  const secret = makeTotpSecret();
  expect(Secret.fromBase32(secret).bytes).toHaveLength(20);
  expect(makeTotpSecret()).not.toBe(secret);
  const uri = describeTotpSecret(secret, { issuer: "Postern desk.test", account: "anna:b/c?d" });
  const read = URI.parse(uri);
  expect(read).toBeInstanceOf(TOTP);
  expect(read).toMatchObject({
    issuer: "Postern desk.test",
    label: "anna:b/c?d",
    algorithm: "SHA1",
    digits: 6,
  });
  expect((read as TOTP).period).toBe(30);
  expect(read.secret.base32).toBe(secret);
});
