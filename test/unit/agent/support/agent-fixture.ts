import pino from "pino";
import { startAgent, type Agent, type AgentOptions } from "../../../../agent/index.ts";
import { systemClock } from "../../../../protocol/index.ts";
import { Owner, type Stoppable } from "../../../support/owner.ts";
import { fingerprintOfCa, makeCa, makeLeaf, type TestCertificate } from "./certificates.ts";
import { FakeProxy, type FakeProxyOptions } from "./fake-proxy.ts";

export interface LogLine {
  readonly event?: string;
  readonly [key: string]: unknown;
}

/** One CA, one leaf, and whatever proxies and agents a test starts; all is stopped by `close`. */
export class AgentFixture {
  readonly ca: TestCertificate = makeCa("service CA");
  readonly leaf: TestCertificate = makeLeaf(this.ca);
  readonly fingerprint = fingerprintOfCa(this.ca);
  readonly log: LogLine[] = [];
  readonly owner = new Owner();
  readonly #peers: Stoppable[] = [];

  /** Owns what agents connect to. */
  ownPeer<T extends Stoppable>(peer: T): T {
    this.#peers.push(peer);
    return peer;
  }

  async startProxy(options: Partial<FakeProxyOptions> = {}, port = 0): Promise<FakeProxy> {
    const proxy = this.ownPeer(new FakeProxy({ leaf: this.leaf, chain: [this.ca], ...options }));
    await proxy.start(port);
    return proxy;
  }

  /** An agent with a fresh data folder and a join secret, unless `options` say otherwise. */
  async startAgent(proxy: { port: number }, options: Partial<AgentOptions> = {}): Promise<Agent> {
    const agent = startAgent({
      servers: [{ host: "127.0.0.1", port: proxy.port }],
      allowServers: [],
      trust: { kind: "fingerprint", sha256: this.fingerprint },
      joinSecret: "join-me",
      dataDir: options.dataDir ?? (await this.owner.makeFolder()),
      name: "box in the cellar",
      role: "agent",
      desktops: [],
      onRequest: () => Promise.resolve({}),
      log: pino({ level: "debug" }, { write: (line: string) => this.log.push(JSON.parse(line) as LogLine) }),
      clock: systemClock,
      random: () => 0,
      ...options,
    });
    this.owner.own({ stop: () => agent.close() });
    return agent;
  }

  async close(): Promise<void> {
    // First, or agents would wait for the orderly end of sessions that no test attends to any more.
    for (const peer of this.#peers.splice(0)) await peer.stop();
    await this.owner.close();
    this.log.length = 0;
  }
}
