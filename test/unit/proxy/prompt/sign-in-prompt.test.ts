import { expect, onTestFinished, test } from "vitest";
import { Canvas, Keysym, NATIVE_FORMAT, vncAuthResponse } from "../../../../protocol/index.ts";
import { HandOverCodes } from "../../../../proxy/identify/hand-over-codes.ts";
import type {
  DesktopGrant,
  SignedInPerson,
  SignInReply,
  StartedSignIn,
} from "../../../../proxy/identify/people-sign-in.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { PaintSlices } from "../../../../proxy/prompt/paint-slices.ts";
import { layOutScreen, paintScreen, SCREEN_SIZE } from "../../../../proxy/prompt/screen-layout.ts";
import { showForm, showList, type ScreenPage } from "../../../../proxy/prompt/screen-state.ts";
import { describeRefusal, fillWording, SCREEN_WORDS } from "../../../../proxy/prompt/screen-words.ts";
import { runSignInPrompt, type SignInPromptOptions } from "../../../../proxy/prompt/sign-in-prompt.ts";
import { ViewerRefusal } from "../../../../proxy/model/viewer-refusal.ts";
import { FormatViewer } from "../../../support/format-viewer.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { MemoryDuplex } from "../../../support/memory-duplex.ts";

const SOURCE = { address: "192.0.2.1", port: 1 };
const HEXTILE = 5;
const DESKTOP_SIZE = -223;
const LABEL = { en: "Field", fr: "Champ" };
const NAME_FIELDS = [
  { name: "name", label: LABEL, hidden: false, maxLength: 64 },
  { name: "password", label: LABEL, hidden: true, maxLength: 64 },
];
const CODE_FIELDS = [{ name: "code", label: LABEL, hidden: false, maxLength: 6 }];

function makeGrant(name: string, state: "online" | "offline" = "online"): DesktopGrant {
  const times = { createdAt: 0, lastSeenAt: 0 };
  const desktop = { id: name, agentId: "a", agentName: "host", name, machineId: null, state, ...times };
  return { desktop, role: "control", denied: [] };
}

const GRANTS = [makeGrant("lab-1"), makeGrant("lab-2", "offline")];
const LIST = GRANTS.map(({ desktop: { id, name, state } }) => ({
  ...{ id, name, host: "host" },
  online: state === "online",
}));
const SCREEN = { width: 1024, height: 768, pixelFormat: NATIVE_FORMAT, name: "lab-1" };

interface Opened {
  readonly screen: typeof SCREEN;
}

function makePerson() {
  const calls = { left: 0 };
  const person: SignedInPerson = {
    ...{ userId: "u", name: "anna", loginHash: "hash", endsAt: 0 },
    listDesktops: () => Promise.resolve(GRANTS),
    findDesktop: (id) => Promise.resolve(GRANTS.find(({ desktop }) => desktop.id === id) ?? null),
    leave: () => {
      calls.left += 1;
      return Promise.resolve();
    },
  };
  return { person, calls };
}

/** A sign-in that begins with the name, and asks `replies` one after the other. */
function beginWithName(...replies: readonly (SignInReply | { kind: "named"; signIn: StartedSignIn })[]) {
  const given: Readonly<Record<string, string>>[] = [];
  const left = [...replies];
  const answer = (answers: Readonly<Record<string, string>>) => {
    given.push(answers);
    return Promise.resolve(left.shift() ?? ({ kind: "refused", triesLeft: 0 } as const));
  };
  const question = { fields: NAME_FIELDS, answer };
  return { signIn: { name: null, desktopIds: null, reply: { kind: "question", question } } as const, given };
}

/** Stands still, but for the pause between two pictures. */
class PaintingClock extends ManualClock {
  override after(ms: number, run: () => void): () => void {
    if (ms !== PROXY_LIMITS.promptFrameMs) return super.after(ms, run);
    const timer = setImmediate(run);
    return () => {
      clearImmediate(timer);
    };
  }
}

async function start(signIn: StartedSignIn, options: Partial<SignInPromptOptions<Opened>> = {}) {
  const clock = new PaintingClock();
  const [near, far] = [new MemoryDuplex(), new MemoryDuplex()];
  MemoryDuplex.connect(near, far);
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  const codes = new HandOverCodes(clock);
  const refused: string[] = [];
  let code = "";
  const ended = runSignInPrompt<Opened>({
    ...{ signIn, clock, stream: near, slices: new PaintSlices(), signal: new AbortController().signal },
    onPerson: () => undefined,
    onRefused: (reason) => refused.push(reason),
    open: () => Promise.resolve({ screen: SCREEN }),
    handOver: (grant, person) => {
      const issued = codes.issue({ person, desktopId: grant.desktop.id }, SOURCE);
      code = issued.code;
      return Promise.resolve(issued);
    },
    ...options,
  }).catch((error: unknown) => error);
  const viewer = new FormatViewer(far);
  await viewer.readServerInit();
  /** Until the screen is this page, pixel by pixel. */
  const awaitPage = async (page: () => ScreenPage): Promise<void> => {
    for (;;) {
      viewer.requestUpdate();
      await viewer.readUpdate();
      const wanted = paint(page());
      if (viewer.pixels.every((pixel, at) => pixel === wanted[at])) return;
    }
  };
  return { clock, codes, viewer, refused, ended, awaitPage, code: () => code };
}

function paint(page: ScreenPage): Uint32Array {
  const canvas = new Canvas(SCREEN_SIZE.width, SCREEN_SIZE.height);
  const state = { language: "en", clipboard: "", hasControl: false, hasShift: false, page } as const;
  paintScreen(canvas, layOutScreen(state).items);
  return canvas.pixels;
}

function typeLogin(viewer: FormatViewer, name: string, password: string): void {
  viewer.type(name);
  viewer.pressKey(Keysym.tab);
  viewer.type(password);
  viewer.pressKey(Keysym.enter);
}

test("name and password, a wrong one first, then a code of the account, then the list, then the desktop", async () => {
  const { person } = makePerson();
  const askCode: SignInReply = {
    kind: "question",
    question: { fields: CODE_FIELDS, answer: () => Promise.resolve({ kind: "person", person }) },
  };
  const { signIn, given } = beginWithName(
    { kind: "refused", triesLeft: 4 },
    { kind: "named", signIn: { name: "anna", desktopIds: null, reply: askCode } },
  );
  const { viewer, awaitPage, ended } = await start(signIn);
  viewer.setEncodings(HEXTILE, DESKTOP_SIZE);
  await awaitPage(() => showForm(null, { fields: NAME_FIELDS }, null));
  typeLogin(viewer, "anna", "wrong");
  const wrong = fillWording(SCREEN_WORDS.wrong, { tries: 4 });
  await awaitPage(() => showForm(null, { fields: NAME_FIELDS }, wrong));
  typeLogin(viewer, "anna", "right");
  await awaitPage(() => showForm("anna", { fields: CODE_FIELDS }, null));
  viewer.type("123456");
  viewer.pressKey(Keysym.enter);
  await awaitPage(() => showList(LIST, null));
  viewer.pressKey(Keysym.enter);
  viewer.requestUpdate(true);
  expect(await ended).toMatchObject({ opened: { screen: SCREEN } });
  expect(given).toEqual([
    { name: "anna", password: "wrong" },
    { name: "anna", password: "right" },
  ]);
});

test("a viewer of one size gets a code, and the screen goes once it is used", async () => {
  const { person, calls } = makePerson();
  const signIn: StartedSignIn = { name: "anna", desktopIds: null, reply: { kind: "person", person } };
  let opened = 0;
  const { viewer, awaitPage, refused, ended, code, codes } = await start(signIn, {
    open: () => {
      opened += 1;
      return Promise.resolve({ screen: SCREEN });
    },
  });
  viewer.setEncodings(HEXTILE);
  await awaitPage(() => showList(LIST, null));
  viewer.type("lab-2");
  viewer.pressKey(Keysym.enter);
  const offline = describeRefusal(new ViewerRefusal("DESKTOP_OFFLINE"));
  await awaitPage(() => showList(LIST, offline));
  expect(refused).toEqual(["DESKTOP_OFFLINE"]);
  viewer.pressKey(Keysym.enter);
  const text = fillWording(SCREEN_WORDS.connectAgain, { name: "lab-1", seconds: 60 });
  await awaitPage(() => ({
    ...{ kind: "notice", title: SCREEN_WORDS.again, text, isBusy: false },
    code: code(),
  }));
  expect(opened).toBe(0);
  const challenge = Buffer.alloc(16, 7);
  expect(codes.take(SOURCE, { challenge, response: vncAuthResponse(code(), challenge) })).toMatchObject({
    desktopId: "lab-1",
  });
  expect(await ended).toMatchObject({ code: "PEER_CLOSED" });
  expect(calls.left).toBe(0);
});

test("while somebody at the desktop is asked, the screen counts the time that is left", async () => {
  const { person } = makePerson();
  const signIn: StartedSignIn = { name: "anna", desktopIds: ["lab-1"], reply: { kind: "person", person } };
  let decline: (error: Error) => void = () => undefined;
  const { viewer, awaitPage, refused, clock } = await start(
    {
      ...signIn,
      reply: {
        kind: "question",
        question: { fields: CODE_FIELDS, answer: () => Promise.resolve(signIn.reply) },
      },
    },
    {
      open: (_grant, _person, { onAsked }) => {
        onAsked(5_000);
        return new Promise((_resolve, reject) => {
          decline = reject;
        });
      },
    },
  );
  viewer.setEncodings(HEXTILE, DESKTOP_SIZE);
  await awaitPage(() => showForm("anna", { fields: CODE_FIELDS }, null));
  viewer.type("1");
  viewer.pressKey(Keysym.enter);
  const waiting = (seconds: number): ScreenPage => ({
    ...{ kind: "notice", title: SCREEN_WORDS.oneMoment, isBusy: true },
    text: fillWording(SCREEN_WORDS.waiting, { name: "lab-1", seconds }),
  });
  await awaitPage(() => waiting(5));
  clock.advance(1_000);
  clock.advance(1_000);
  await awaitPage(() => waiting(3));
  decline(new ViewerRefusal("DESKTOP_DECLINED"));
  await awaitPage(() => showList(LIST, describeRefusal(new ViewerRefusal("DESKTOP_DECLINED"))));
  expect(refused).toEqual(["DESKTOP_DECLINED"]);
  // Nothing counts on.
  clock.advance(5_000);
  await awaitPage(() => showList(LIST, describeRefusal(new ViewerRefusal("DESKTOP_DECLINED"))));
});

test("who needs a factor that a viewer cannot make is told so, and nothing opens", async () => {
  const { signIn } = beginWithName({ kind: "elsewhere", reason: "FACTOR_MISSING" });
  const { viewer, awaitPage, refused, ended } = await start(signIn);
  viewer.setEncodings(HEXTILE, DESKTOP_SIZE);
  typeLogin(viewer, "anna", "right");
  await awaitPage(() => ({
    ...{ kind: "notice", title: SCREEN_WORDS.ended, isBusy: false },
    text: describeRefusal(new ViewerRefusal("FACTOR_MISSING")),
  }));
  viewer.pressKey(Keysym.enter);
  expect(await ended).toMatchObject({ code: "PEER_CLOSED" });
  expect(refused).toEqual(["FACTOR_MISSING"]);
});

test("a stranger who types on and on has three minutes; who is known has more", async () => {
  const { person } = makePerson();
  const question = {
    fields: CODE_FIELDS,
    answer: () => Promise.resolve({ kind: "person", person } as const),
  };
  const known: StartedSignIn = { name: "anna", desktopIds: null, reply: { kind: "question", question } };
  const screens = [await start(beginWithName().signIn), await start(known)];
  for (let past = 0; past < PROXY_LIMITS.promptNameMs; past += PROXY_LIMITS.promptNameMs / 4)
    for (const { viewer, awaitPage, clock } of screens) {
      viewer.setEncodings(HEXTILE);
      viewer.pressKey(0x61);
      viewer.pressKey(Keysym.backspace);
      const isKnown = viewer === screens[1]!.viewer;
      const fields = isKnown ? CODE_FIELDS : NAME_FIELDS;
      await awaitPage(() => showForm(isKnown ? "anna" : null, { fields }, null));
      clock.advance(PROXY_LIMITS.promptNameMs / 4);
    }
  expect(await screens[0]!.ended).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
  const { awaitPage } = screens[1]!;
  await awaitPage(() => showForm("anna", { fields: CODE_FIELDS }, null));
});

test("who chooses on and on has five minutes", async () => {
  const { person } = makePerson();
  const signIn: StartedSignIn = { name: "anna", desktopIds: null, reply: { kind: "person", person } };
  const { viewer, awaitPage, ended, clock } = await start(signIn);
  viewer.setEncodings(HEXTILE, DESKTOP_SIZE);
  for (let past = 0; past < PROXY_LIMITS.promptChooseMs; past += PROXY_LIMITS.promptChooseMs / 5) {
    viewer.pressKey(0x61);
    viewer.pressKey(Keysym.backspace);
    await awaitPage(() => showList(LIST, null));
    clock.advance(PROXY_LIMITS.promptChooseMs / 5);
  }
  expect(await ended).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
});

test("who has too many screens open is told so, and nothing opens", async () => {
  const { person } = makePerson();
  const signIn: StartedSignIn = { name: "anna", desktopIds: null, reply: { kind: "person", person } };
  const { viewer, awaitPage, refused, ended } = await start(signIn, {
    onPerson: () => {
      throw new ViewerRefusal("SERVER_BUSY");
    },
  });
  viewer.setEncodings(HEXTILE, DESKTOP_SIZE);
  await awaitPage(() => ({
    ...{ kind: "notice", title: SCREEN_WORDS.ended, isBusy: false },
    text: describeRefusal(new ViewerRefusal("SERVER_BUSY")),
  }));
  viewer.pressKey(Keysym.enter);
  expect(await ended).toMatchObject({ code: "PEER_CLOSED" });
  expect(refused).toEqual(["SERVER_BUSY"]);
});
