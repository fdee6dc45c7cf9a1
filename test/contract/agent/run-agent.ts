import { pino } from "pino";
import { startAgent, type RunningAgent, type AgentOptions } from "../../../agent/index.ts";
import { systemClock } from "../../../protocol/index.ts";
import type { CleanupStack } from "../../support/cleanup-stack.ts";
import type { ProxyFixture } from "../proxy/proxy-fixture.ts";

export interface AgentUnderTest {
  readonly agent: RunningAgent;
  readonly dataDir: string;
}

/** An agent of the product's own that dials the gateway; it ends with its owner. */
export async function runAgent(
  cleanup: CleanupStack,
  { proxy }: ProxyFixture,
  more: Partial<AgentOptions> = {},
): Promise<AgentUnderTest> {
  const dataDir = more.dataDir ?? (await cleanup.makeFolder());
  const agent = startAgent({
    servers: [proxy.addresses.listen],
    allowServers: [],
    trust: { kind: "fingerprint", sha256: proxy.fingerprint },
    joinSecret: null,
    name: "box",
    role: "agent",
    desktops: [{ name: "Desk", endpoint: { kind: "tcp", host: "127.0.0.1", port: 1 } }],
    onRequest: () => Promise.resolve({}),
    log: pino({ level: "silent" }),
    clock: systemClock,
    random: () => 0.02,
    ...more,
    dataDir,
  });
  cleanup.add({ stop: () => agent.close() });
  return { agent, dataDir };
}
