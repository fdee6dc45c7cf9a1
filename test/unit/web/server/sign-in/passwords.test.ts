import { expect, test } from "vitest";
import { Passwords } from "../../../../../web/server/sign-in/passwords.ts";

test("a hash carries its parameters, and another salt each time", async () => {
  const passwords = new Passwords();
  const [one, two] = await Promise.all([passwords.hash("secret"), passwords.hash("secret")]);
  expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
  expect(one).not.toBe(two);
  expect(await passwords.verify("secret", one)).toBe(true);
  expect(await passwords.verify("Secret", one)).toBe(false);
});

test("a hash of other parameters is still understood", async () => {
  const old = "$scrypt$ln=4,r=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$YHJsphM3HKAKftHfaVWhK5FVAPpM7ctGm4gr-cXDtME";
  expect(await new Passwords().verify("correct horse", old)).toBe(true);
});

test("no account, a damaged hash: no", async () => {
  const passwords = new Passwords();
  expect(await passwords.verify("secret", null)).toBe(false);
  expect(await passwords.verify("secret", "plain")).toBe(false);
});

test("an unknown name takes as long as a known one", async () => {
  const passwords = new Passwords();
  const stored = await passwords.hash("secret");
  const time = async (hash: string | null) => {
    const start = performance.now();
    await passwords.verify("wrong", hash);
    return performance.now() - start;
  };
  await time(null);
  const known = Math.min(await time(stored), await time(stored));
  const unknown = Math.min(await time(null), await time(null));
  expect(unknown).toBeGreaterThan(known / 3);
  expect(unknown).toBeLessThan(known * 3);
});

test("more than 34 at once: the rest are asked to come back", async () => {
  const passwords = new Passwords();
  const cheap = "$scrypt$ln=4,r=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$YHJsphM3HKAKftHfaVWhK5FVAPpM7ctGm4gr-cXDtME";
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () => passwords.verify("correct horse", cheap)),
  );
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(6);
  expect(refused[0]?.reason).toMatchObject({ code: "LOGIN_BUSY" });
});
