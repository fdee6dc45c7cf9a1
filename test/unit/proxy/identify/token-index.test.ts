import { expect, test } from "vitest";
import { TokenIndex } from "../../../../proxy/identify/token-index.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import type { TokenStore } from "../../../../proxy/state/stores.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const READING_MS = 400;

function open(readingMs = READING_MS) {
  const clock = new ManualClock();
  let readings = 0;
  const store = {
    listOpen: () => {
      readings += 1;
      clock.advance(readingMs);
      return Promise.resolve({ tokens: [], next: null });
    },
  };
  const index = new TokenIndex(store as unknown as TokenStore, clock);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, index, turn, readings: () => readings };
}

test("a reading that is slow because the server starts does not keep the first wrong tokens waiting", async () => {
  const { clock, index, turn, readings } = open();
  await index.prepare();
  const reloaded = index.reload();
  await turn();
  expect(readings()).toBe(1);
  clock.advance(PROXY_LIMITS.tokenReloadMs);
  await reloaded;
  expect(readings()).toBe(2);
});

test("later ones take a share of the server's time", async () => {
  const { clock, index, turn, readings } = open();
  await index.prepare();
  const second = index.reload();
  await turn();
  clock.advance(PROXY_LIMITS.tokenReloadMs);
  await second;
  const third = index.reload();
  await turn();
  clock.advance(PROXY_LIMITS.tokenReloadShare * READING_MS - 1);
  await turn();
  expect(readings()).toBe(2);
  clock.advance(1);
  await third;
  expect(readings()).toBe(3);
});

test("a starved server, which reads slowly by the clock, keeps nobody waiting for minutes", async () => {
  const { clock, index, turn, readings } = open(60_000);
  await index.prepare();
  const second = index.reload();
  await turn();
  clock.advance(PROXY_LIMITS.tokenReloadMs);
  await second;
  const third = index.reload();
  await turn();
  clock.advance(PROXY_LIMITS.tokenReloadPauseMs - 1);
  await turn();
  expect(readings()).toBe(2);
  clock.advance(1);
  await third;
  expect(readings()).toBe(3);
});
