import { expect, test } from "vitest";
import { encodePing, FrameType } from "../../../../protocol/index.ts";
import {
  AgentControlConnection,
  type AgentFrameHandler,
} from "../../../../proxy/agents/agent-control-connection.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair } from "../../../support/memory-duplex.ts";
import { waitFor } from "../../../support/wait-for.ts";

const FRAMES = {} as AgentFrameHandler;
const HOLD = { epoch: 1, features: new Set<string>(), instance: null };
const NO_PACE = { isSpent: () => false, later: setImmediate };
const PONG = encodePing(FrameType.pong, Buffer.alloc(0));

function open() {
  const clock = new ManualClock();
  const [near, far] = createDuplexPair();
  far.on("error", () => undefined).resume();
  const agent = { id: "a", name: "a", kind: "agent", admitted: false } as const;
  const connection = new AgentControlConnection(near, agent, HOLD, { clock, pace: NO_PACE });
  connection.open(FRAMES);
  return { clock, far, connection };
}

test("a dead path is noticed 30 s after the last frame, whenever between two pings that was", async () => {
  const { clock, far, connection } = open();
  clock.advance(9_000);
  let answered = 0;
  far.on("data", () => (answered += 1));
  far.write(encodePing(FrameType.ping, Buffer.alloc(0)));
  await waitFor("the answer", () => answered > 0);
  clock.advance(29_999);
  expect(connection.ended).toBe(false);
  clock.advance(1);
  expect(await connection.closed).toMatchObject({ code: "AGENT_SILENT" });
  expect(clock.pending).toBe(0);
});

test("an agent that answers its pings stays for ever", async () => {
  const { clock, far, connection } = open();
  far.on("data", () => far.write(PONG));
  for (let passed = 0; passed < 120_000; passed += 10_000) {
    clock.advance(10_000);
    await new Promise(setImmediate);
    expect(connection.ended).toBe(false);
  }
});
