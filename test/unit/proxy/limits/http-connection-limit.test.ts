import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { planDescriptors } from "../../../../proxy/limits/descriptor-budget.ts";
import { HttpConnectionLimit } from "../../../../proxy/limits/http-connection-limit.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";

function open(shares = { perSource: 3, total: 4 }) {
  const limit = new HttpConnectionLimit(shares);
  const connect = (address: string): Duplex | null => {
    const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    return limit.add(socket, address) ? socket : null;
  };
  return { limit, connect };
}

test("one source takes no more than its share: for each new one its longest idle one is closed", () => {
  const { limit, connect } = open();
  const [first, second] = [connect(A), connect(A), connect(A)];
  limit.beginRequest(first!);
  limit.endRequest(first!);
  expect(connect(A)).not.toBeNull();
  expect([first?.destroyed, second?.destroyed, limit.count]).toEqual([false, true, 3]);
});

test("a source whose connections are all busy gets no more than its share", () => {
  const { limit, connect } = open();
  for (const socket of [connect(A), connect(A), connect(A)]) limit.beginRequest(socket!);
  expect(connect(A)).toBeNull();
  expect(connect(B)).not.toBeNull();
});

test("when all places are taken, the source with most gives one up, idle ones first", () => {
  const { limit, connect } = open();
  const [busy, idle] = [connect(A), connect(A), connect(A)];
  limit.beginRequest(busy!);
  const others = [connect(B), connect(B)];
  expect(others).not.toContain(null);
  expect([busy?.destroyed, idle?.destroyed, limit.count]).toEqual([false, true, 4]);
});

test("requests that never end keep nobody out", () => {
  const { limit, connect } = open({ perSource: 4, total: 4 });
  const slow = [connect(A), connect(A), connect(A), connect(A)];
  for (const socket of slow) limit.beginRequest(socket!);
  expect(connect(B)).not.toBeNull();
  expect(slow[0]?.destroyed).toBe(true);
  // But nobody takes a busy one from a source that has hardly more.
  limit.beginRequest(connect(B)!);
  expect(connect(B)).toBeNull();
});

test("who has signed in, or left, is not counted", async () => {
  const { limit, connect } = open();
  const [person, stranger] = [connect(A), connect(A), connect(A)];
  limit.release(person!);
  limit.release(person!);
  stranger?.destroy();
  await new Promise(setImmediate);
  expect(limit.count).toBe(1);
  expect(person?.destroyed).toBe(false);
});

test("half of few descriptors is left for sessions and agents", () => {
  expect(planDescriptors(512)).toEqual({
    preAuth: { connecting: 42, viewer: 42, agent: 42, perSource: 32 },
    http: { perSource: 64, total: 128 },
  });
  expect(planDescriptors(1_048_576)).toEqual({
    preAuth: { connecting: 2_048, viewer: 2_048, agent: 2_048, perSource: 256 },
    http: { perSource: 256, total: 4_096 },
  });
  expect(planDescriptors(3).http).toEqual({ perSource: 1, total: 1 });
});
