import type { Duplex } from "node:stream";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import {
  Conversation,
  encodePing,
  encodeSetupResponse,
  FrameType,
  MIP2_LIMITS,
  readFrame,
  SETUP_PENDING,
  systemClock,
  type Frame,
} from "../../../../protocol/index.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import type { AgentControlConnection } from "../../../../proxy/agents/agent-control-connection.ts";
import {
  AgentFrameProcessor,
  type AgentFrameProcessorDependencies,
} from "../../../../proxy/agents/agent-frame-processor.ts";
import type { ReverseServers } from "../../../../proxy/pair/reverse-servers.ts";
import type { AgentRegistry } from "../../../../proxy/agents/agent-registry.ts";
import { Pairing } from "../../../../proxy/pair/pairing.ts";
import { SetupTickets } from "../../../../proxy/pair/setup-tickets.ts";
import { SpareConnection } from "../../../../proxy/pair/spare-connection.ts";
import { SpareConnectionPool } from "../../../../proxy/pair/spare-connection-pool.ts";
import type { DesktopView } from "../../../../proxy/state/state-records.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair } from "../../../support/memory-duplex.ts";
import { waitFor } from "../../../support/wait-for.ts";

const log = pino({ level: "silent" });
const never = new AbortController().signal;
const AGENT = "a1";
const DESKTOP = { id: "d1", agentId: AGENT, name: "Desk", state: "online" } as DesktopView;
const OK = { status: 1, code: "" };
const PONG = encodePing(FrameType.pong, Buffer.alloc(0));

let clock: ManualClock;
let connection: AgentControlConnection;
let tickets: SetupTickets;
let sent: Buffer[];
let spares: SpareConnectionPool;
let pairing: Pairing;

beforeEach(() => {
  clock = new ManualClock();
  tickets = new SetupTickets(clock);
  sent = [];
  const features = new Set(["spare"]);
  connection = {
    features,
    send: (frame: Buffer) => sent.push(frame),
  } as unknown as AgentControlConnection;
  const find = (id: string) => (id === AGENT ? connection : undefined);
  const agents = { find } as unknown as AgentRegistry;
  spares = new SpareConnectionPool({ agents, tickets, clock, log });
  const nobodyDialsIn = { take: () => Promise.resolve(null) } as unknown as ReverseServers;
  pairing = new Pairing({
    agents,
    tickets,
    spares,
    reverseServers: nobodyDialsIn,
    otherRoute: null,
  });
});

/** The agent's end of a spare connection. */
class AgentEnd {
  readonly stream: Duplex;
  readonly #peer: Conversation;

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on("error", () => undefined);
    this.#peer = new Conversation(stream, { deadlineMs: 10_000, maxBytes: 10_000 }, systemClock);
  }

  next(): Promise<Frame> {
    return this.#peer.read(readFrame(MIP2_LIMITS.unprovenBody));
  }

  async nextSetup(): Promise<{ ticket: Buffer; desktop: string }> {
    const frame = await this.next();
    if (frame.type !== FrameType.setupRequest) throw new Error(`a frame of type ${frame.type}`);
    return frame.value;
  }
}

function bringSpare(): AgentEnd {
  const [near, far] = createDuplexPair();
  expect(spares.accept(near, AGENT)).toBe(true);
  return new AgentEnd(far);
}

describe("a spare connection", () => {
  it("is used by the next viewer, and nothing is asked on the control connection", async () => {
    spares.expectViewer(AGENT);
    expect(sent).toHaveLength(1);
    const far = bringSpare();
    const opening = pairing.open(DESKTOP, never);
    const { ticket, desktop } = await far.nextSetup();
    expect(desktop).toBe("Desk");
    far.stream.write(Buffer.concat([PONG, encodeSetupResponse({ ticket, ...OK }), Buffer.from("RFB")]));
    const stream = await opening;
    await waitFor("the bytes behind the answer", () => stream.readableLength > 0);
    expect(stream.read()).toEqual(Buffer.from("RFB"));
    expect(sent).toHaveLength(1);
    clock.advance(PROXY_LIMITS.spareReplaceMs);
    expect(sent).toHaveLength(2);
  });

  it("is not given up while somebody at the desktop is asked", async () => {
    spares.expectViewer(AGENT);
    const far = bringSpare();
    const opening = pairing.open(DESKTOP, never);
    const { ticket } = await far.nextSetup();
    clock.advance(3_000);
    // It comes on the agent's control connection: a spare one carries the answer alone.
    const control = new AgentFrameProcessor(connection, { tickets, log } as AgentFrameProcessorDependencies);
    control.setupResponse({ ticket, status: SETUP_PENDING, code: "" });
    clock.advance(60_000);
    far.stream.write(encodeSetupResponse({ ticket, ...OK }));
    expect((await opening).destroyed).toBe(false);
  });

  it("takes no ticket of another connection, and its own ticket is good nowhere else", async () => {
    spares.expectViewer(AGENT);
    const far = bringSpare();
    const opening = pairing.open(DESKTOP, never);
    const { ticket } = await far.nextSetup();
    const [other] = createDuplexPair();
    expect(tickets.redeem(ticket, other)).toBe(false);
    expect(tickets.redeem(ticket, other, {})).toBe(false);
    far.stream.write(encodeSetupResponse({ ticket: Buffer.alloc(16), ...OK }));
    await waitFor("the ordinary request", () => sent.length === 2);
    expect(far.stream.destroyed || far.stream.readableEnded).toBe(true);
    opening.catch(() => undefined);
  });

  it("tells what the agent says against it", async () => {
    spares.expectViewer(AGENT);
    const far = bringSpare();
    const opening = pairing.open(DESKTOP, never);
    const { ticket } = await far.nextSetup();
    far.stream.write(encodeSetupResponse({ ticket, status: 0, code: "DESKTOP_UNKNOWN" }));
    await expect(opening).rejects.toMatchObject({ code: "DESKTOP_OFFLINE" });
    expect(sent).toHaveLength(1);
  });

  it("that has died costs its viewer nothing: the ordinary way is taken", async () => {
    spares.expectViewer(AGENT);
    const far = bringSpare();
    const opening = pairing.open(DESKTOP, never);
    await far.nextSetup();
    far.stream.destroy();
    await waitFor("the ordinary request", () => sent.length === 2);
    opening.catch(() => undefined);
  });

  it("is pinged, and given up when it stays silent", async () => {
    const [near, far] = createDuplexPair();
    const spare = new SpareConnection(near, AGENT, { tickets, clock, log });
    const agent = new AgentEnd(far);
    clock.advance(PROXY_LIMITS.agentPingMs);
    expect((await agent.next()).type).toBe(FrameType.ping);
    far.write(PONG);
    await waitFor("the pong", () => far.writableLength === 0);
    expect(spare.isUsable).toBe(true);
    clock.advance(PROXY_LIMITS.agentPingMs * 2);
    expect(spare.isUsable).toBe(false);
    clock.advance(PROXY_LIMITS.agentPingMs);
    await spare.ended;
    expect(near.destroyed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("ends after its time", async () => {
    const [near, far] = createDuplexPair();
    const spare = new SpareConnection(near, AGENT, { tickets, clock, log });
    far.on("data", () => far.write(PONG));
    for (
      let passed = 0;
      passed < PROXY_LIMITS.spareLifeMs - PROXY_LIMITS.agentPingMs;
      passed += PROXY_LIMITS.agentPingMs
    ) {
      clock.advance(PROXY_LIMITS.agentPingMs - 1);
      expect(near.destroyed).toBe(false);
      clock.advance(1);
      await new Promise(setImmediate);
    }
    expect(spare.isUsable).toBe(false);
    clock.advance(PROXY_LIMITS.agentPingMs);
    await spare.ended;
    expect(near.destroyed).toBe(true);
  });
});

describe("how many there are", () => {
  it("two for each agent, asked for once", () => {
    spares.expectViewer(AGENT);
    spares.expectViewer(AGENT);
    expect(sent).toHaveLength(1);
    expect(spares.size).toBe(PROXY_LIMITS.sparesPerAgent);
    bringSpare();
    bringSpare();
    const [near] = createDuplexPair();
    expect(spares.accept(near, AGENT)).toBe(false);
    expect(spares.accept(near, "somebody else")).toBe(false);
  });

  it("what does not come is asked for anew", () => {
    spares.expectViewer(AGENT);
    clock.advance(PROXY_LIMITS.spareAskMs);
    expect(spares.size).toBe(0);
    spares.expectViewer(AGENT);
    expect(sent).toHaveLength(2);
  });

  it("none when no viewer is likely any more, none for agents that do not know of them", () => {
    expect(spares.take(AGENT)).toBeNull();
    clock.advance(PROXY_LIMITS.spareReplaceMs);
    expect(sent).toHaveLength(1);
    expect(spares.take("unknown")).toBeNull();
    expect(sent).toHaveLength(1);
  });

  it("they go with the control connection, and with the server", async () => {
    spares.expectViewer(AGENT);
    const far = bringSpare();
    spares.drop(AGENT);
    await waitFor("the end", () => far.stream.readableEnded || far.stream.destroyed);
    spares.close();
    spares.expectViewer(AGENT);
    expect(sent).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
