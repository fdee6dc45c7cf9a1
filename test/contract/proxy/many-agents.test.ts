// More agents than may come back at once: each proves its key, and the server tells those beyond the limit when to come.
import { sign } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import {
  encodeHandshake,
  encodeJsonFrame,
  FrameDecoder,
  FrameType,
  Mip2IdentifierType,
  MIP2_LIMITS,
  proofMessage,
  readFrame,
  type Frame,
  type Refused,
  TypedEventEmitter,
  drain,
} from "../../../protocol/index.ts";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import type { AuditLog } from "../../../proxy/audit/audit-log.ts";
import type { Stores } from "../../../proxy/index.ts";
import { AgentAcceptor } from "../../../proxy/agents/agent-acceptor.ts";
import { AgentRegistry } from "../../../proxy/agents/agent-registry.ts";
import { SetupTickets } from "../../../proxy/pair/setup-tickets.ts";
import { SpareConnectionPool } from "../../../proxy/pair/spare-connection-pool.ts";
import type { ServiceTrust } from "../../../proxy/trust/service-trust.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { createDuplexPair } from "../../support/memory-duplex.ts";
import { waitFor } from "../../support/wait-for.ts";
import { makeKeyPair } from "./scripted-agent.ts";

const EXPORTER = Buffer.alloc(32, 7);
const NONCE = Buffer.alloc(32, 9);
/** One key for all of them spares 1,000 key pairs; the id tells them apart. */
const key = makeKeyPair();
const clock = new ManualClock();
const log = pino({ level: "silent" });
const agents = new AgentRegistry();
const tickets = new SetupTickets(clock);
let epoch = 0;
const stores = {
  agents: {
    find: (id: string) =>
      Promise.resolve({
        id,
        name: id,
        kind: "agent",
        publicKey: key.publicKey.toString("base64"),
        admittedAt: null,
        revokedAt: null,
      }),
    claim: () => Promise.resolve(++epoch),
    release: () => Promise.resolve(true),
  },
} as unknown as Stores;
const acceptor = new AgentAcceptor({
  stores,
  serverId: "s",
  trust: { current: { path: [] } } as unknown as ServiceTrust,
  agents,
  tickets,
  spares: new SpareConnectionPool({ agents, tickets, clock, log }),
  events: new TypedEventEmitter(),
  audit: { append: () => undefined, appendDurably: () => Promise.resolve() } as unknown as AuditLog,
  onSilent: () => undefined,
  clock,
  log,
});
afterEach(() => acceptor.close());

/** Proves itself as this agent; what the server says from its answer on. */
async function reconnect(id: string): Promise<Frame[]> {
  const [near, far] = createDuplexPair();
  const socket = Object.assign(near, { exportKeyingMaterial: () => EXPORTER }) as unknown as TLSSocket;
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(
    () => readFrame(MIP2_LIMITS.body),
    (frame: Frame) => {
      if (frame.type !== FrameType.challenge) {
        frames.push(frame);
        return;
      }
      const { proxyId, nonce: serverNonce } = frame.value;
      const fields = { version: 1, proxyId, agentId: id, agentNonce: NONCE, serverNonce, exporter: EXPORTER };
      const signature = sign(null, proofMessage(fields), key.privateKey).toString("base64");
      far.write(encodeJsonFrame(FrameType.proof, { signature, role: "agent", software: "many" }));
    },
  );
  far.on("data", (chunk: Buffer) => decoder.push(chunk));
  far.on("error", () => undefined);
  const names = { identifierType: Mip2IdentifierType.resource, identifier: id };
  far.write(encodeHandshake({ ...names, nonce: NONCE, versions: [1] }));
  await acceptor.accept({
    socket,
    source: { address: "127.0.0.1", port: 1 },
    authenticated: () => undefined,
  });
  await waitFor("the answer", () => frames.length > 0);
  return frames;
}

const nameAgent = (i: number): string => i.toString(16).padStart(32, "0");

test("are taken up to the limit; one more is told when to come, and comes in then", async () => {
  let all: Frame[][] = [];
  for (let i = 0; i < PROXY_LIMITS.agentsAtOnce; i += 100) {
    const some = Array.from({ length: 100 }, (_, k) => reconnect(nameAgent(i + k)));
    all = [...all, ...(await Promise.all(some))];
  }
  expect(all.every(([first]) => first?.type === FrameType.welcome)).toBe(true);

  const [refusal] = await reconnect(nameAgent(PROXY_LIMITS.agentsAtOnce));
  expect(refusal?.type).toBe(FrameType.refused);
  const { code, retryAfterMs } = refusal?.value as Refused;
  expect(code).toBe("BUSY");
  expect(retryAfterMs).toBe(1000 / PROXY_LIMITS.agentsPerSecond);

  const [held] = await reconnect(nameAgent(0));
  expect(held?.type).toBe(FrameType.welcome);
  clock.advance(retryAfterMs ?? 0);
  const [answer] = await reconnect(nameAgent(PROXY_LIMITS.agentsAtOnce));
  expect(answer?.type).toBe(FrameType.welcome);

  await acceptor.close();
  const last = all[1]?.at(-1);
  expect(last?.type).toBe(FrameType.drain);
  const { reconnectWithinMs } = drain.parse(last?.value);
  expect(reconnectWithinMs).toBe(((PROXY_LIMITS.agentsAtOnce + 1) * 1000) / PROXY_LIMITS.agentsPerSecond);
});
