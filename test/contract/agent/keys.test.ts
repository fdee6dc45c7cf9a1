import { once } from "node:events";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import type { AgentOptions } from "../../../agent/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ProxyFixture, openProxyFixture, publishDesktop } from "../proxy/proxy-fixture.ts";
import { ScriptedAgent } from "../proxy/scripted-agent.ts";
import { runAgent, type AgentUnderTest } from "./run-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const run = (proxyFixture: ProxyFixture, more: Partial<AgentOptions> = {}) =>
  runAgent(cleanup, proxyFixture, more);

async function enrol(proxyFixture: ProxyFixture): Promise<AgentUnderTest> {
  const { secret } = await proxyFixture.proxy.createJoinSecret();
  const running = await run(proxyFixture, { joinSecret: secret });
  await running.agent.ready;
  return running;
}

async function findAgent({ proxy }: ProxyFixture) {
  const [record] = await proxy.stores.agents.list();
  return record!;
}

async function readKeyFile(dataDir: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path.join(dataDir, "agent-key.json"), "utf8")) as Record<string, unknown>;
}

test("a new key, on request: the id stays, the old key is worth nothing, and it survives restarts", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { agent, dataDir } = await enrol(proxyFixture);
  const before = await findAgent(proxyFixture);
  const stolen = await cleanup.makeFolder();
  await cp(dataDir, stolen, { recursive: true });

  await proxyFixture.proxy.rotateAgentKey(before.id);
  const after = await findAgent(proxyFixture);
  expect(after.id).toBe(before.id);
  expect(after.publicKey).not.toBe(before.publicKey);
  await waitFor("the new key's proof", async () => {
    const file = await readKeyFile(dataDir);
    return file["nextSecretKey"] === undefined && file["agentId"] === before.id;
  });
  await waitFor("the agent's return", () => proxyFixture.proxy.connectedAgents().length === 1);

  const thief = await run(proxyFixture, { dataDir: stolen });
  await expect(thief.agent.ready).rejects.toMatchObject({ code: "PROOF_REFUSED" });

  await proxyFixture.proxy.rotateAgentKey(before.id);
  await agent.close();
  const again = await run(proxyFixture, { dataDir });
  await again.agent.ready;
  expect((await findAgent(proxyFixture)).id).toBe(before.id);
  const actions = (await proxyFixture.audit()).map(({ event }) => event.action);
  expect(actions.filter((action) => action === "agent.rotate")).toHaveLength(2);
});

test("a key that was announced and never taken: the old one goes on", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { agent, dataDir } = await enrol(proxyFixture);
  await agent.close();
  const { loadAgentIdentity } = await import("../../../agent/enrol/agent-identity.ts");
  await (await loadAgentIdentity(dataDir)).makeNextKey();
  expect((await readKeyFile(dataDir))["nextSecretKey"]).toBeTypeOf("string");
  const again = await run(proxyFixture, { dataDir });
  await again.agent.ready;
  expect((await readKeyFile(dataDir))["nextSecretKey"]).toBeUndefined();
});

test("a server that has forgotten an agent takes its newest key with a join secret", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { agent, dataDir } = await enrol(proxyFixture);
  await proxyFixture.proxy.rotateAgentKey((await findAgent(proxyFixture)).id);
  await waitFor("the new key's proof", async () => (await readKeyFile(dataDir))["agentId"] !== undefined);
  await agent.close();
  // A new service that happens to have the same fingerprint would look like this: another one, freshly pinned.
  const other = await openProxyFixture(cleanup);
  const { secret } = await other.proxy.createJoinSecret();
  const again = await run(other, { dataDir, joinSecret: secret });
  await again.agent.ready;
  expect((await readKeyFile(dataDir))["agentId"]).toBeUndefined();
});

test("agents that cannot, are not there or do not exist", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { agent } = await publishDesktop(cleanup, proxyFixture);
  const { proxy } = proxyFixture;
  await expect(proxy.rotateAgentKey(agent.key.agentId)).rejects.toMatchObject({ code: "AGENT_OUTDATED" });
  await agent.stop();
  await waitFor("its end", () => proxy.connectedAgents().length === 0);
  await expect(proxy.rotateAgentKey(agent.key.agentId)).rejects.toMatchObject({ code: "AGENT_OFFLINE" });
  await expect(proxy.rotateAgentKey("nobody")).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
  await expect(proxy.revokeAgent("nobody")).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
});

test("revocation: told, cut, its session ended, its desktops gone, its key refused", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { proxy } = proxyFixture;
  const { agent, view } = await publishDesktop(cleanup, proxyFixture);
  const { token } = await proxy.createToken(view, "control", 60, "admin");
  const viewer = await connectRfb(cleanup, { ...proxy.addresses.rfb! });
  await viewer.handshake({ password: token });
  await waitFor("the session", () => proxy.openSessions().length === 1);
  await proxy.revokeAgent(agent.key.agentId);
  await waitFor("the end of the connection", () => agent.ended, { timeoutMs: 5_000 });
  expect(agent.frames.at(-1)?.value).toMatchObject({ code: "AGENT_REVOKED" });
  await waitFor("the end of the session", () => proxy.openSessions().length === 0, { timeoutMs: 5_000 });
  const [session] = await proxy.stores.sessions.list();
  expect(session).toMatchObject({ state: "closed", cause: "DESKTOP_GONE" });
  expect(await proxy.stores.desktops.list()).toEqual([]);
  const again = cleanup.add(await ScriptedAgent.connect(proxy, { key: agent.key }));
  expect(again.outcome).toBe("AGENT_REVOKED");
});

test("revocation by another server of the service is noticed within 5 s", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { agent } = await publishDesktop(cleanup, proxyFixture);
  await proxyFixture.proxy.stores.agents.revoke(agent.key.agentId);
  const ended = once(agent.socket, "close");
  const startedAt = performance.now();
  await ended;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(agent.frames.at(-1)?.value).toMatchObject({ code: "AGENT_REVOKED" });
});

test("a copied key is noticed when the two take turns; restarts and reconnects are not mistaken for it", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { proxy } = proxyFixture;
  const { agent, dataDir } = await enrol(proxyFixture);
  const { id } = await findAgent(proxyFixture);
  await agent.close();
  const back = await run(proxyFixture, { dataDir });
  await back.agent.ready;
  expect(proxy.countClones(id)).toBe(0);

  const copy = await cleanup.makeFolder();
  await cp(dataDir, copy, { recursive: true });
  await run(proxyFixture, { dataDir: copy });
  await waitFor("the first return", () => proxy.countClones(id) > 0, { timeoutMs: 20_000 });
  expect(proxyFixture.log()).toContain('"event":"agent.clone"');
  // Lines reach the file in batches.
  await waitFor("the audit line", async () =>
    (await proxyFixture.audit()).some(({ event }) => event.action === "agent.clone"),
  );
});
