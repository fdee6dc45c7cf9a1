import http from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { pino } from "pino";
import { systemClock } from "../../../protocol/index.ts";
import {
  openProxy,
  openStores,
  type DesktopView,
  type PeopleSignIn,
  type Proxy,
  type ProxyOptions,
} from "../../../proxy/index.ts";
import type { CleanupStack } from "../../support/cleanup-stack.ts";
import { openNewStores } from "../../support/migrated-database.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type AgentScript, ScriptedAgent, ScriptedDesktop } from "./scripted-agent.ts";

export interface ProxyFixture {
  readonly proxy: Proxy;
  readonly dataDir: string;
  /** All that was logged. */
  readonly log: () => string;
  audit(): Promise<AuditLine[]>;
}

export interface AuditLine {
  readonly event: { readonly sequence: number; readonly action: string; readonly reason?: string };
  readonly [key: string]: unknown;
}

let viewerKey: string | undefined;

/** Making a key costs more than most tests do. */
function shareViewerKey(): string {
  viewerKey ??= generateKeyPairSync("rsa", { modulusLength: 2_048 })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
  return viewerKey;
}

export interface ProxyFixtureOptions extends Partial<ProxyOptions> {
  readonly people?: PeopleSignIn | null;
  /** The service makes the key that RSA-AES viewers see, as a service does; with `stores` it always does. */
  readonly ownKey?: boolean;
}

/** A proxy on ephemeral loopback ports, with its own SQLite file. */
export async function openProxyFixture(
  cleanup: CleanupStack,
  { people = null, ownKey = false, ...options }: ProxyFixtureOptions = {},
): Promise<ProxyFixture> {
  const dataDir = options.dataDir ?? (await cleanup.makeFolder());
  const database = `sqlite:${path.join(dataDir, "postern.db")}`;
  const open = () =>
    options.dataDir === undefined
      ? openNewStores(dataDir, systemClock, randomBytes(32))
      : openStores({ database, masterKey: randomBytes(32) }, systemClock);
  const stores = options.stores ?? (await open());
  if (!options.stores) cleanup.add({ stop: () => stores.close() });
  if (!options.stores && !ownKey) await stores.service.getOrCreate("rsa-aes-key", shareViewerKey);
  let logged = "";
  const log = pino({ level: "debug" }, { write: (line: string) => (logged += line) });
  const proxy = await openProxy({
    listen: { host: "127.0.0.1", port: 0 },
    rfbListen: { host: "127.0.0.1", port: 0 },
    advertise: null,
    allowOrigins: ["https://desk.example.org"],
    log,
    clock: systemClock,
    ...options,
    stores,
    dataDir,
  });
  cleanup.add({ stop: () => proxy.close() });
  const web = http.createServer((request, response) => {
    const { remoteAddress, remotePort } = request.socket;
    response.end(`page for ${remoteAddress}:${remotePort}`);
  });
  cleanup.add({
    stop: async () => {
      web.closeAllConnections();
      web.close();
      await Promise.resolve();
    },
  });
  await proxy.start(web, people);
  return {
    proxy,
    dataDir,
    log: () => logged,
    audit: async () => {
      const text = await readFile(path.join(dataDir, "audit/audit.jsonl"), "utf8");
      return text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as AuditLine);
    },
  };
}

export interface PublishingAgent {
  readonly agent: ScriptedAgent;
  readonly desktop: ScriptedDesktop;
  readonly view: DesktopView;
}

/** An enrolled agent with one desktop that is ready to be seen. */
export async function publishDesktop(
  cleanup: CleanupStack,
  { proxy }: ProxyFixture,
  name = "Machine 1",
  script: AgentScript = {},
): Promise<PublishingAgent> {
  const role = script.role ?? "agent";
  const { secret } = await proxy.createJoinSecret({ role, admit: role === "host" });
  const agent = cleanup.add(await ScriptedAgent.connect(proxy, { joinSecret: secret, ...script }));
  const desktop = new ScriptedDesktop();
  agent.serve(proxy, desktop);
  const view = await proxy.stores.desktops.find(await agent.publish(name));
  return { agent, desktop, view: view! };
}

export async function awaitNoSessions({ proxy }: ProxyFixture): Promise<void> {
  await waitFor("the end of all sessions", () => proxy.openSessions().length === 0);
}
