import { once } from "node:events";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import type { AgentOptions } from "../../../agent/index.ts";
import { Owner } from "../../support/owner.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type Gateway, openGateway, publishDesktop } from "../proxy/gateway.ts";
import { ScriptedAgent } from "../proxy/scripted-agent.ts";
import { runAgent, type RunningAgent } from "./run-agent.ts";

const owner = new Owner();
afterEach(() => owner.close());

const run = (gateway: Gateway, more: Partial<AgentOptions> = {}) => runAgent(owner, gateway, more);

async function enrol(gateway: Gateway): Promise<RunningAgent> {
  const { secret } = await gateway.proxy.createJoinSecret("admin");
  const running = await run(gateway, { joinSecret: secret });
  await running.agent.ready;
  return running;
}

async function findAgent({ proxy }: Gateway) {
  const [record] = await proxy.stores.agents.list();
  return record!;
}

async function readKeyFile(dataDir: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path.join(dataDir, "agent-key.json"), "utf8")) as Record<string, unknown>;
}

test("a new key, on request: the id stays, the old key is worth nothing, and it survives restarts", async () => {
  const gateway = await openGateway(owner);
  const { agent, dataDir } = await enrol(gateway);
  const before = await findAgent(gateway);
  const stolen = await owner.makeFolder();
  await cp(dataDir, stolen, { recursive: true });

  await gateway.proxy.rotateAgentKey(before.id);
  const after = await findAgent(gateway);
  expect(after.id).toBe(before.id);
  expect(after.publicKey).not.toBe(before.publicKey);
  await waitFor("the new key's proof", async () => {
    const file = await readKeyFile(dataDir);
    return file["nextSecretKey"] === undefined && file["agentId"] === before.id;
  });
  await waitFor("the agent's return", () => gateway.proxy.connectedAgents().length === 1);

  const thief = await run(gateway, { dataDir: stolen });
  await expect(thief.agent.ready).rejects.toMatchObject({ code: "PROOF_REFUSED" });

  await gateway.proxy.rotateAgentKey(before.id);
  await agent.close();
  const again = await run(gateway, { dataDir });
  await again.agent.ready;
  expect((await findAgent(gateway)).id).toBe(before.id);
  const actions = (await gateway.audit()).map(({ event }) => event.action);
  expect(actions.filter((action) => action === "agent.rotate")).toHaveLength(2);
});

test("a key that was announced and never taken: the old one goes on", async () => {
  const gateway = await openGateway(owner);
  const { agent, dataDir } = await enrol(gateway);
  await agent.close();
  const { loadIdentity } = await import("../../../agent/enrol/key-file.ts");
  await (await loadIdentity(dataDir)).makeNextKey();
  expect((await readKeyFile(dataDir))["nextSecretKey"]).toBeTypeOf("string");
  const again = await run(gateway, { dataDir });
  await again.agent.ready;
  expect((await readKeyFile(dataDir))["nextSecretKey"]).toBeUndefined();
});

test("a server that has forgotten an agent takes its newest key with a join secret", async () => {
  const gateway = await openGateway(owner);
  const { agent, dataDir } = await enrol(gateway);
  await gateway.proxy.rotateAgentKey((await findAgent(gateway)).id);
  await waitFor("the new key's proof", async () => (await readKeyFile(dataDir))["agentId"] !== undefined);
  await agent.close();
  // A new service that happens to have the same fingerprint would look like this: another one, freshly pinned.
  const other = await openGateway(owner);
  const { secret } = await other.proxy.createJoinSecret("admin");
  const again = await run(other, { dataDir, joinSecret: secret });
  await again.agent.ready;
  expect((await readKeyFile(dataDir))["agentId"]).toBeUndefined();
});

test("agents that cannot, are not there or do not exist", async () => {
  const gateway = await openGateway(owner);
  const { agent } = await publishDesktop(owner, gateway);
  const { proxy } = gateway;
  await expect(proxy.rotateAgentKey(agent.key.agentId)).rejects.toMatchObject({ code: "AGENT_OUTDATED" });
  await agent.stop();
  await waitFor("its end", () => proxy.connectedAgents().length === 0);
  await expect(proxy.rotateAgentKey(agent.key.agentId)).rejects.toMatchObject({ code: "AGENT_OFFLINE" });
  await expect(proxy.rotateAgentKey("nobody")).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
  await expect(proxy.revokeAgent("nobody")).rejects.toMatchObject({ code: "AGENT_UNKNOWN" });
});

test("revocation: told, cut, its session ended, its desktops gone, its key refused", async () => {
  const gateway = await openGateway(owner);
  const { proxy } = gateway;
  const { agent, view } = await publishDesktop(owner, gateway);
  const { token } = await proxy.createToken(view, "control", 60, "admin");
  const viewer = await connectRfb(owner, { ...proxy.addresses.rfb! });
  await viewer.handshake({ password: token });
  await waitFor("the session", () => proxy.openSessions().length === 1);
  await proxy.revokeAgent(agent.key.agentId);
  await waitFor("the end of the connection", () => agent.ended, { timeoutMs: 5_000 });
  expect(agent.frames.at(-1)?.value).toMatchObject({ code: "AGENT_REVOKED" });
  await waitFor("the end of the session", () => proxy.openSessions().length === 0, { timeoutMs: 5_000 });
  const [session] = await proxy.stores.sessions.list();
  expect(session).toMatchObject({ state: "closed", cause: "DESKTOP_GONE" });
  expect(await proxy.stores.desktops.list()).toEqual([]);
  const again = owner.own(await ScriptedAgent.connect(proxy, { key: agent.key }));
  expect(again.verdict).toBe("AGENT_REVOKED");
});

test("revocation by another server of the service is noticed within 5 s", async () => {
  const gateway = await openGateway(owner);
  const { agent } = await publishDesktop(owner, gateway);
  await gateway.proxy.stores.agents.revoke(agent.key.agentId);
  const ended = once(agent.socket, "close");
  const startedAt = performance.now();
  await ended;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(agent.frames.at(-1)?.value).toMatchObject({ code: "AGENT_REVOKED" });
});

test("a copied key is noticed when the two take turns; restarts and reconnects are not mistaken for it", async () => {
  const gateway = await openGateway(owner);
  const { proxy } = gateway;
  const { agent, dataDir } = await enrol(gateway);
  const { id } = await findAgent(gateway);
  await agent.close();
  const back = await run(gateway, { dataDir });
  await back.agent.ready;
  expect(proxy.countClones(id)).toBe(0);

  const copy = await owner.makeFolder();
  await cp(dataDir, copy, { recursive: true });
  await run(gateway, { dataDir: copy });
  await waitFor("the first return", () => proxy.countClones(id) > 0, { timeoutMs: 20_000 });
  expect(gateway.log()).toContain('"event":"agent.clone"');
  expect((await gateway.audit()).some(({ event }) => event.action === "agent.clone")).toBe(true);
});
