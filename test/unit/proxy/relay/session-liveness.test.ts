import { expect, it } from "vitest";
import { RoundTrips } from "../../../../proxy/model/round-trips.ts";
import { SessionLiveness } from "../../../../proxy/relay/session-liveness.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function open({ hasPage = true, hasAgent = true } = {}) {
  const clock = new ManualClock();
  const questions: { ping: number; desktop: boolean; took: number | null }[] = [];
  let answer: (text: string) => void = () => undefined;
  const page = { answers: hasPage };
  const agent = { answers: true, trips: new RoundTrips(0), probes: 0, readSince: -Infinity };
  const traffic = { bytesToViewer: 0, bytesToServer: 0 };
  const lost = { input: 0, viewer: 0 };
  const kernel = { retransmissions: null as number | null, looks: 0 };
  const liveness = new SessionLiveness({
    pings: hasPage
      ? {
          send: (text) => {
            const question = JSON.parse(text) as (typeof questions)[number];
            questions.push(question);
            if (page.answers) queueMicrotask(() => answer(String(question.ping)));
          },
          onAnswer: (listener) => (answer = listener),
        }
      : null,
    findPulse: () =>
      hasAgent
        ? {
            probe: () => {
              agent.probes += 1;
              const number = agent.trips.ask(clock.monotonic());
              if (agent.answers) agent.trips.answer(number);
            },
            get provenAt() {
              return agent.trips.provenAt;
            },
            get waitingSince() {
              return agent.trips.waitingSince;
            },
            get readSince() {
              return agent.readSince;
            },
          }
        : null,
    traffic: () => traffic,
    onInputLost: () => {
      lost.input += 1;
      liveness.stop();
    },
    countRetransmissions: () => {
      kernel.looks += 1;
      return Promise.resolve(kernel.retransmissions);
    },
    onViewerLost: () => {
      lost.viewer += 1;
    },
    clock,
  });
  const pass = async (seconds: number) => {
    for (let left = seconds; left > 0; left -= 1) {
      clock.advance(1_000);
      await Promise.resolve();
    }
  };
  return {
    clock,
    liveness,
    questions,
    page,
    agent,
    traffic,
    lost,
    kernel,
    pass,
    answer: (text: string) => answer(text),
  };
}

it("while both ends answer, what is typed passes", async () => {
  const { liveness, pass, questions, clock } = open();
  for (let minute = 0; minute < 3; minute += 1) {
    await pass(60);
    expect(liveness.holdsInput).toBe(false);
  }
  expect(questions.every(({ desktop }) => desktop)).toBe(true);
  liveness.stop();
  expect(clock.pending).toBe(0);
});

it("a page is told how long its latest answer took", async () => {
  const { page, pass, answer, questions } = open();
  expect(questions[0]!.took).toBeNull();
  await pass(4);
  expect(questions.at(-1)!.took).toBe(0);
  page.answers = false;
  await pass(2);
  const { ping } = questions.at(-1)!;
  await pass(1);
  answer(String(ping));
  await pass(1);
  expect(questions.at(-1)!.took).toBe(1_000);
});

it("what comes from a page after its line was dead is dropped, whatever answers come with it", async () => {
  const { liveness, page, pass, answer, questions } = open();
  await pass(10);
  page.answers = false;
  const late = questions.length;
  await pass(120);
  expect(liveness.holdsInput).toBe(true);
  // The line is back: first comes what was sent when it broke.
  answer(String(questions[late - 1]!.ping));
  expect(liveness.holdsInput).toBe(true);
  answer(String(questions[late]!.ping));
  expect(liveness.holdsInput).toBe(true);
  answer("nonsense");
  expect(liveness.holdsInput).toBe(true);
  answer(String(questions.at(-1)!.ping));
  expect(liveness.holdsInput).toBe(false);
});

it("a silent agent is said within 6 s, and stops the keys of every viewer", async () => {
  for (const hasPage of [true, false]) {
    const { liveness, agent, pass, questions } = open({ hasPage });
    await pass(10);
    agent.answers = false;
    await pass(6);
    expect(liveness.holdsInput).toBe(true);
    expect(questions.some(({ desktop }) => !desktop)).toBe(hasPage);
    agent.answers = true;
    await pass(2);
    expect(liveness.holdsInput).toBe(false);
    if (hasPage) expect(questions.at(-1)!.desktop).toBe(true);
  }
});

it("what was typed before anybody knew that the agent is silent ends the session, once", async () => {
  const { liveness, agent, lost, pass, clock } = open();
  await pass(10);
  liveness.noteInput();
  agent.answers = false;
  await pass(6);
  expect(lost.input).toBe(1);
  await pass(60);
  expect(lost.input).toBe(1);
  expect(clock.pending).toBe(0);
});

it("an answer that is late by two seconds ends nothing, nor does a stall of this process, or a pause in which nothing is read", async () => {
  const late = open();
  await late.pass(9);
  late.liveness.noteInput();
  late.agent.answers = false;
  await late.pass(3);
  late.agent.trips.answer(late.agent.probes);
  late.agent.answers = true;
  await late.pass(20);
  expect(late.lost.input).toBe(0);

  const stalled = open({ hasPage: false });
  await stalled.pass(9);
  stalled.liveness.noteInput();
  stalled.agent.answers = false;
  await stalled.pass(2);
  const running = stalled.clock.monotonic.bind(stalled.clock);
  stalled.clock.monotonic = () => running() + 3_900;
  await stalled.pass(1);
  stalled.agent.trips.answer(stalled.agent.probes);
  stalled.agent.answers = true;
  await stalled.pass(20);
  expect(stalled.lost.input).toBe(0);

  const paused = open();
  await paused.pass(9);
  paused.liveness.noteInput();
  paused.agent.answers = false;
  for (let second = 0; second < 20; second += 1) {
    paused.agent.readSince = paused.clock.monotonic();
    await paused.pass(1);
  }
  expect(paused.lost.input).toBe(0);
});

it("what an agent has got does not end the session when the agent falls silent", async () => {
  const { liveness, agent, lost, pass } = open();
  await pass(9);
  liveness.noteInput();
  await pass(2);
  agent.answers = false;
  await pass(20);
  expect(liveness.holdsInput).toBe(true);
  agent.answers = true;
  await pass(2);
  expect(lost.input).toBe(0);
});

it("a server that was stopped itself asks once more before it takes what was typed for lost", async () => {
  const { liveness, lost, pass, clock } = open({ hasPage: false });
  await pass(10);
  liveness.noteInput();
  const stopped = clock.monotonic.bind(clock);
  clock.monotonic = () => stopped() + 10_000;
  await pass(10);
  expect(lost.input).toBe(0);
});

it("an agent whose line is busy with pictures is not silent", async () => {
  const { liveness, agent, traffic, pass } = open();
  agent.answers = false;
  for (let round = 0; round < 20; round += 1) {
    traffic.bytesToViewer += 1;
    await pass(2);
    expect(liveness.holdsInput).toBe(false);
  }
});

it("a server that was stopped itself drops what came meanwhile, whether a timer or the viewer comes first", () => {
  const { liveness, clock } = open({ hasPage: false, hasAgent: false });
  // Time passes without a timer having run.
  const stopped = clock.monotonic.bind(clock);
  clock.monotonic = () => stopped() + 10_000;
  expect(liveness.holdsInput).toBe(true);
  clock.advance(2_000);
  expect(liveness.holdsInput).toBe(true);
  clock.advance(2_000);
  expect(liveness.holdsInput).toBe(false);
});

it("a viewer without pings, of an agent without them, is never stopped", async () => {
  const { liveness, pass } = open({ hasPage: false, hasAgent: false });
  await pass(600);
  expect(liveness.holdsInput).toBe(false);
});

it("a viewer whose path was cut while the picture moves is lost within seconds, though keep-alive says nothing", async () => {
  const { traffic, kernel, lost, pass, clock } = open({ hasPage: false });
  await pass(60);
  traffic.bytesToViewer += 1_000;
  kernel.retransmissions = 5;
  await pass(20);
  expect(lost.viewer).toBe(0);
  kernel.retransmissions = 6;
  await pass(3);
  expect(lost.viewer).toBe(1);
  expect(clock.pending).toBe(0);
});

it("the kernel is asked only about viewers that say nothing and may not have got something", async () => {
  const { traffic, kernel, lost, pass, liveness } = open({ hasPage: false });
  kernel.retransmissions = 9;
  await pass(60);
  for (let times = 0; times < 20; times += 1) {
    traffic.bytesToViewer += 1_000;
    traffic.bytesToServer += 10;
    await pass(3);
  }
  expect(kernel.looks).toBe(0);
  kernel.retransmissions = null;
  await pass(60);
  expect(kernel.looks).toBe(1);
  expect(lost.viewer).toBe(0);
  liveness.stop();
});
