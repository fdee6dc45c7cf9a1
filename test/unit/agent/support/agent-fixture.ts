import pino from "pino";
import { startAgent, type RunningAgent, type AgentOptions } from "../../../../agent/index.ts";
import { systemClock } from "../../../../protocol/index.ts";
import { CleanupStack, type Stoppable } from "../../../support/cleanup-stack.ts";
import { fingerprintOfCa, makeCa, makeLeaf, type IssuedTestCertificate } from "./certificates.ts";
import { FakeProxyServer, type FakeProxyServerOptions } from "./fake-proxy-server.ts";

export interface FixtureLogLine {
  readonly event?: string;
  readonly [key: string]: unknown;
}

/** One CA, one leaf, and whatever proxies and agents a test starts; all is stopped by `close`. */
export class AgentFixture {
  readonly ca: IssuedTestCertificate = makeCa("service CA");
  readonly leaf: IssuedTestCertificate = makeLeaf(this.ca);
  readonly fingerprint = fingerprintOfCa(this.ca);
  readonly log: FixtureLogLine[] = [];
  readonly cleanup = new CleanupStack();
  readonly #peers: Stoppable[] = [];

  /** Owns what agents connect to. */
  ownPeer<T extends Stoppable>(peer: T): T {
    this.#peers.push(peer);
    return peer;
  }

  async startProxy(options: Partial<FakeProxyServerOptions> = {}, port = 0): Promise<FakeProxyServer> {
    const proxy = this.ownPeer(new FakeProxyServer({ leaf: this.leaf, chain: [this.ca], ...options }));
    await proxy.start(port);
    return proxy;
  }

  /** An agent with a fresh data folder and a join secret, unless `options` say otherwise. */
  async startAgent(proxy: { port: number }, options: Partial<AgentOptions> = {}): Promise<RunningAgent> {
    const agent = startAgent({
      servers: [{ host: "127.0.0.1", port: proxy.port }],
      allowServers: [],
      trust: { kind: "fingerprint", sha256: this.fingerprint },
      joinSecret: "join-me",
      dataDir: options.dataDir ?? (await this.cleanup.makeFolder()),
      name: "box in the cellar",
      role: "agent",
      desktops: [],
      onRequest: () => Promise.resolve({}),
      log: pino(
        { level: "debug" },
        { write: (line: string) => this.log.push(JSON.parse(line) as FixtureLogLine) },
      ),
      clock: systemClock,
      random: () => 0,
      ...options,
    });
    this.cleanup.add({ stop: () => agent.close() });
    return agent;
  }

  async close(): Promise<void> {
    // First, or agents would wait for the orderly end of sessions that no test attends to any more.
    for (const peer of this.#peers.splice(0)) await peer.stop();
    await this.cleanup.close();
    this.log.length = 0;
  }
}
