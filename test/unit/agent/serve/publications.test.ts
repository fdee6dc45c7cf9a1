import pino from "pino";
import { expect, test } from "vitest";
import { Publications } from "../../../../agent/serve/publications.ts";
import { FrameType, parseAll, readFrame, type Frame } from "../../../../protocol/index.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const DESK = { name: "Desk", endpoint: { kind: "unix", path: "/x" } } as const;

function makeFixture(): { publications: Publications; clock: ManualClock; frames: Frame[]; attach(): void } {
  const clock = new ManualClock();
  const log = pino({ level: "silent" });
  const publications = new Publications({ desktops: [DESK], clock, random: () => 0.999, log });
  const frames: Frame[] = [];
  const attach = (): void => {
    publications.attach((bytes) => {
      const parsed = parseAll(readFrame(10_000), bytes);
      if ("value" in parsed) frames.push(parsed.value);
    });
  };
  return { publications, clock, frames, attach };
}

const idOf = (frame: Frame | undefined): number => (frame?.value as { id: number }).id;

test("a fault of the server's own is tried again, more and more slowly", async () => {
  const { publications, clock, frames, attach } = makeFixture();
  attach();
  const error = { code: "STATE_UNAVAILABLE", message: "database" };
  for (const [round, waitMs] of [5000, 10_000, 20_000].entries()) {
    expect(frames).toHaveLength(round + 1);
    publications.onReply({ id: idOf(frames.at(-1)), ok: false, error });
    clock.advance(waitMs);
  }
  publications.onReply({ id: idOf(frames.at(-1)), ok: true, result: { desktopId: "d" } });
  await publications.firstPublished;
  expect(clock.pending).toBe(0);
});

test("a new connection begins with fresh ids, and replies to the old ones mean nothing", async () => {
  const { publications, frames, attach } = makeFixture();
  let published = false;
  void publications.firstPublished.then(() => (published = true));
  attach();
  const old = idOf(frames[0]);
  publications.detach();
  attach();
  publications.onReply({ id: old, ok: true, result: { desktopId: "d" } });
  await Promise.resolve();
  expect(published).toBe(false);
  publications.onReply({ id: idOf(frames[1]), ok: true, result: { desktopId: "d" } });
  await publications.firstPublished;
});

test("withdrawing all says so, and is not taken for having published", async () => {
  const { publications, frames, attach } = makeFixture();
  let published = false;
  void publications.firstPublished.then(() => (published = true));
  attach();
  publications.withdrawAll();
  expect(frames.at(-1)).toEqual({ type: FrameType.withdraw, value: { name: "Desk" } });
  expect(publications.find("Desk")).toBeUndefined();
  await Promise.resolve();
  expect(published).toBe(false);
});
