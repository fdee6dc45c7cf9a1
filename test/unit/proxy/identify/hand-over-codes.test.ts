import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { TOKEN_ALPHABET, vncAuthResponse } from "../../../../protocol/index.ts";
import { HandOverCodes } from "../../../../proxy/identify/hand-over-codes.ts";
import type { SignedInPerson } from "../../../../proxy/identify/people-sign-in.ts";
import type { ChallengeResponse } from "../../../../proxy/identify/token-scan.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const SOURCE = { address: "192.0.2.1", port: 1000 };

class Person implements SignedInPerson {
  readonly name = "anna";
  readonly loginHash = "hash";
  readonly endsAt = 0;
  readonly userId: string;
  left = 0;

  constructor(userId = "a") {
    this.userId = userId;
  }

  listDesktops = () => Promise.resolve([]);
  findDesktop = () => Promise.resolve(null);
  leave = () => {
    this.left += 1;
    return Promise.resolve();
  };
}

function type(code: string): ChallengeResponse {
  const challenge = randomBytes(16);
  return { challenge, response: vncAuthResponse(code, challenge) };
}

function open() {
  const clock = new ManualClock();
  const codes = new HandOverCodes(clock);
  const issue = (person: SignedInPerson) => codes.issue({ person, desktopId: "d" }, SOURCE);
  return { clock, codes, issue };
}

test("a code is a VNC password that opens once, and the login goes with it", async () => {
  const { clock, codes, issue } = open();
  const person = new Person();
  const { code, over } = issue(person);
  expect([...code]).toHaveLength(8);
  expect([...code].every((character) => TOKEN_ALPHABET.includes(character))).toBe(true);
  expect(codes.take(SOURCE, type(`${code.slice(1)}x`))).toBeNull();
  // The port is another one in a second connection.
  expect(codes.take({ ...SOURCE, port: 2000 }, type(code))).toMatchObject({ person, desktopId: "d" });
  await over;
  expect(codes.take(SOURCE, type(code))).toBeNull();
  clock.advance(PROXY_LIMITS.handOverMs);
  expect(person.left).toBe(0);
  expect(clock.pending).toBe(0);
});

test("it is of no use from elsewhere, and that does not use it up", () => {
  const { codes, issue } = open();
  const { code } = issue(new Person());
  expect(codes.take({ address: "192.0.2.2", port: 1 }, type(code))).toBeNull();
  expect(codes.take(SOURCE, type(code))).not.toBeNull();
});

test("after a minute it is over, and the login with it", async () => {
  const { clock, codes, issue } = open();
  const person = new Person();
  const { code, over } = issue(person);
  clock.advance(PROXY_LIMITS.handOverMs - 1);
  expect(person.left).toBe(0);
  clock.advance(1);
  await over;
  expect(person.left).toBe(1);
  expect(codes.take(SOURCE, type(code))).toBeNull();
});

test("one account has a few; the oldest makes room", async () => {
  const { codes, issue } = open();
  const others = issue(new Person("b"));
  const people = Array.from({ length: PROXY_LIMITS.handOversPerAccount + 1 }, () => new Person());
  const issued = people.map(issue);
  await issued[0]!.over;
  expect(people.map(({ left }) => left)).toEqual([1, ...Array<number>(people.length - 1).fill(0)]);
  expect(codes.take(SOURCE, type(issued[0]!.code))).toBeNull();
  expect(codes.take(SOURCE, type(issued[1]!.code))).not.toBeNull();
  expect(codes.take(SOURCE, type(others.code))).not.toBeNull();
});

test("a server that stops ends the logins of all that are open", async () => {
  const { clock, codes, issue } = open();
  const people = [new Person("a"), new Person("b")];
  for (const person of people) issue(person);
  await codes.close();
  await codes.close();
  expect(people.map(({ left }) => left)).toEqual([1, 1]);
  expect(clock.pending).toBe(0);
});
