import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { vncAuthResponse } from "../../../../protocol/index.ts";
import { HandOverCodes } from "../../../../proxy/identify/hand-over-codes.ts";
import type {
  PeopleSignIn,
  SignedInPerson,
  SignInQuestion,
} from "../../../../proxy/identify/people-sign-in.ts";
import {
  findScreenSignIn,
  openScreenSignIn,
  type ScreenViewer,
} from "../../../../proxy/identify/screen-sign-in.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const PERSON: SignedInPerson = {
  ...{ userId: "a", name: "anna", loginHash: "hash", endsAt: 0 },
  listDesktops: () => Promise.resolve([]),
  findDesktop: () => Promise.resolve(null),
  leave: () => Promise.resolve(),
};
const PASSWORD = "a long password";
const REMOTE: ScreenViewer = { source: { address: "192.0.2.1", port: 1 }, only: null, isEncrypted: true };

function open({ plainSignIn = false } = {}) {
  const begun: string[] = [];
  const people: PeopleSignIn = {
    begin: ({ name, password }) => {
      begun.push(name);
      if (name === "slow") return Promise.resolve({ kind: "throttled", waitMs: 3_000 });
      const isRight = name === "anna" && password === PASSWORD;
      return Promise.resolve(
        isRight ? { kind: "person", person: PERSON } : { kind: "refused", triesLeft: 0 },
      );
    },
  };
  const named = (name: string) => Promise.resolve(name === "lab-1" ? [{ id: "d1" }] : []);
  const desktops = { findByName: named } as unknown as Parameters<typeof openScreenSignIn>[1]["desktops"];
  const handOvers = new HandOverCodes(new ManualClock());
  return { begun, services: { people, desktops, handOvers, plainSignIn } };
}

function type(password: string) {
  const challenge = randomBytes(16);
  return { challenge, response: vncAuthResponse(password, challenge) };
}

function questionOf(signIn: ReturnType<typeof openScreenSignIn>): SignInQuestion {
  if (signIn.reply.kind !== "question") throw new Error("no question");
  return signIn.reply.question;
}

describe("the word in the place of a VNC password", () => {
  test("opens the screen, which asks for name and password", () => {
    const { services } = open();
    const signIn = findScreenSignIn(REMOTE, type("sign-in"), services);
    expect(signIn).toMatchObject({ name: null, desktopIds: null });
    const { fields } = questionOf(signIn!);
    expect(fields.map(({ name, hidden }) => [name, hidden])).toEqual([
      ["name", false],
      ["password", true],
    ]);
  });

  test.each(["sign-i", "sign-in1", "Sign-in", "signin", "Wn7KwQ2M"])("%s is not the word", (text) => {
    expect(findScreenSignIn(REMOTE, type(text), open().services)).toBeNull();
  });
});

describe("where what is typed would travel in clear", () => {
  const plain = { ...REMOTE, isEncrypted: false };

  test("the screen does not open, unless the administrator wants it to", () => {
    expect(() => findScreenSignIn(plain, type("sign-in"), open().services)).toThrow(
      expect.objectContaining({ code: "SIGN_IN_PLAIN", safeMessage: expect.stringMatching(/unencrypted/) }),
    );
    const { services } = open({ plainSignIn: true });
    expect(findScreenSignIn(plain, type("sign-in"), services)).not.toBeNull();
  });

  test.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])("it opens for this very machine, %s", (address) => {
    const { services } = open();
    expect(openScreenSignIn({ ...plain, source: { address, port: 1 } }, services).name).toBeNull();
  });
});

describe("name and password on the screen", () => {
  test("say who it is and which desktop they want", async () => {
    const { services } = open();
    const question = questionOf(openScreenSignIn(REMOTE, services));
    const reply = await question.answer({ name: "anna@lab-1", password: PASSWORD });
    expect(reply).toEqual({
      kind: "named",
      signIn: { name: "anna", desktopIds: ["d1"], reply: { kind: "person", person: PERSON } },
    });
  });

  test("a repeater's number narrows the choice", async () => {
    const { services } = open();
    const question = questionOf(openScreenSignIn({ ...REMOTE, only: new Set(["d7"]) }, services));
    const reply = await question.answer({ name: "anna", password: PASSWORD });
    expect(reply).toMatchObject({ signIn: { desktopIds: ["d7"] } });
  });

  test("wrong ones are counted, whoever is named; a wait is not", async () => {
    const { begun, services } = open();
    const { answer } = questionOf(openScreenSignIn(REMOTE, services));
    expect(await answer({ name: "anna", password: "wrong" })).toEqual({ kind: "refused", triesLeft: 4 });
    expect(await answer({ name: "nobody", password: "wrong" })).toEqual({ kind: "refused", triesLeft: 3 });
    expect(await answer({ name: "slow", password: "x" })).toEqual({ kind: "throttled", waitMs: 3_000 });
    expect(await answer({ name: "a\u0000b", password: "x" })).toEqual({ kind: "refused", triesLeft: 2 });
    for (let tries = 3; tries < PROXY_LIMITS.promptTries; tries++) await answer({ name: "x", password: "x" });
    expect(await answer({ name: "x", password: "x" })).toEqual({ kind: "refused", triesLeft: 0 });
    expect(begun).not.toContain("a\u0000b");
  });
});

test("a code of the screen goes on with the sign-in that it came from", () => {
  const { services } = open();
  const { code } = services.handOvers.issue({ person: PERSON, desktopId: "d1" }, REMOTE.source);
  const plain = { ...REMOTE, isEncrypted: false };
  expect(findScreenSignIn(plain, type(code), services)).toEqual({
    name: "anna",
    reply: { kind: "person", person: PERSON },
    desktopIds: ["d1"],
  });
  expect(findScreenSignIn(plain, type(code), services)).toBeNull();
});
