import { rm } from "node:fs/promises";
import path from "node:path";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { encodeHandshake, encodeJsonFrame, FrameType, Mip2IdentifierType } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import { type AgentScript, dialMip2, makeKeyPair, ScriptedAgent } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

async function outcomeOf({ proxy }: ProxyFixture, script: AgentScript): Promise<string> {
  return cleanup.add(await ScriptedAgent.connect(proxy, script)).outcome;
}

describe("admission of agents", () => {
  it("enrols a key with a join secret, once, and knows it from then on", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { secret } = await proxyFixture.proxy.createJoinSecret();
    const key = makeKeyPair();
    expect(await outcomeOf(proxyFixture, { joinSecret: secret, key })).toBe("welcome");
    expect(await outcomeOf(proxyFixture, { joinSecret: secret })).toBe("JOIN_REFUSED");
    expect(await outcomeOf(proxyFixture, { joinSecret: "never made", key })).toBe("welcome");
    expect(await outcomeOf(proxyFixture, { key })).toBe("welcome");
    expect(proxyFixture.log()).not.toContain(secret);
  });

  it("refuses unknown keys, and tells nothing of join secrets to a wrong signature", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { secret } = await proxyFixture.proxy.createJoinSecret();
    expect(await outcomeOf(proxyFixture, {})).toBe("AGENT_UNKNOWN");
    const alterSignature = (signature: Buffer): Buffer => {
      signature[5]! ^= 1;
      return signature;
    };
    expect(await outcomeOf(proxyFixture, { joinSecret: secret, alterSignature })).toBe("PROOF_REFUSED");
    expect(await outcomeOf(proxyFixture, { joinSecret: secret })).toBe("welcome");
  });

  it("refuses a foreign key under a known agent's name", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { agent } = await publishDesktop(cleanup, proxyFixture);
    const impostor = { ...makeKeyPair(), agentId: agent.key.agentId };
    expect(await outcomeOf(proxyFixture, { key: impostor })).toBe("PROOF_REFUSED");
  });

  it.each(["exporter", "serverNonce", "agentNonce", "proxyId", "version"] as const)(
    "refuses a proof over another %s",
    async (field) => {
      const proxyFixture = await openProxyFixture(cleanup);
      const { agent } = await publishDesktop(cleanup, proxyFixture);
      const other = { exporter: randomBytes(32), serverNonce: randomBytes(32), agentNonce: randomBytes(32) };
      const foreign = { ...other, proxyId: "another server", version: 2 };
      const forge: AgentScript["forge"] = (fields) => ({ ...fields, [field]: foreign[field] });
      expect(await outcomeOf(proxyFixture, { key: agent.key, forge })).toBe("PROOF_REFUSED");
    },
  );

  it("refuses a signature of an earlier connection", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { secret } = await proxyFixture.proxy.createJoinSecret();
    const key = makeKeyPair();
    let recorded: Buffer = Buffer.alloc(64);
    const record = (signature: Buffer): Buffer => (recorded = signature);
    expect(await outcomeOf(proxyFixture, { joinSecret: secret, key, alterSignature: record })).toBe(
      "welcome",
    );
    expect(await outcomeOf(proxyFixture, { key, alterSignature: () => recorded })).toBe("PROOF_REFUSED");
  });

  it("refuses a revoked agent", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { agent } = await publishDesktop(cleanup, proxyFixture);
    await proxyFixture.proxy.stores.agents.revoke(agent.key.agentId);
    expect(await outcomeOf(proxyFixture, { key: agent.key })).toBe("AGENT_REVOKED");
  });

  it("keeps the newest of two connections", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { agent, view } = await publishDesktop(cleanup, proxyFixture);
    const newer = cleanup.add(await ScriptedAgent.connect(proxyFixture.proxy, { key: agent.key }));
    await waitFor("the older one's end", () => agent.ended);
    expect(agent.find(FrameType.refused)).toMatchObject([{ code: "REPLACED" }]);
    expect(proxyFixture.proxy.connectedAgents()).toHaveLength(1);
    await newer.publish(view.name);
    expect(await proxyFixture.proxy.stores.desktops.find(view.id)).toMatchObject({ state: "online" });
    await newer.stop();
    await waitFor("offline", async () => {
      return (await proxyFixture.proxy.stores.desktops.find(view.id))?.state === "offline";
    });
  });

  it.each([
    ["no common version", { identifierType: Mip2IdentifierType.resource, versions: [9] }, "VERSION"],
    ["no resource", { identifierType: Mip2IdentifierType.user, versions: [1] }, "AGENT_UNKNOWN"],
  ])("refuses a handshake with %s", async (_what, odd, code) => {
    const { proxy } = await openProxyFixture(cleanup);
    const socket = await dialMip2(proxy);
    socket.write(encodeHandshake({ identifier: "a".repeat(32), nonce: randomBytes(32), ...odd }));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer[0]).toBe(FrameType.refused);
    expect(answer.toString()).toContain(code);
    socket.destroy();
  });

  it("closes junk", async () => {
    const { proxy } = await openProxyFixture(cleanup);
    const socket = await dialMip2(proxy);
    socket.write(Buffer.alloc(64, 0xff));
    socket.resume();
    await once(socket, "close");
    const { agent } = await publishDesktop(cleanup, { proxy } as ProxyFixture);
    agent.socket.write(encodeJsonFrame(FrameType.publish, { id: 1, name: "a/b" }));
    await waitFor("the end", () => agent.ended);
  });
});

describe("hosts", () => {
  it("answer requests; replies find their request by its id", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { agent } = await publishDesktop(cleanup, proxyFixture, "M", { role: "host" });
    const asked: { id: number; method: string }[] = [];
    agent.onRequest = (request) => void asked.push(request as { id: number; method: string });
    const id = agent.key.agentId;
    const list = proxyFixture.proxy.requestHost(id, "machine.list", {});
    const remove = proxyFixture.proxy.requestHost(id, "machine.remove", { id: "m1" });
    const broken = proxyFixture.proxy.requestHost(id, "image.list", {});
    const left = proxyFixture.proxy.requestHost(id, "machine.list", {});
    await waitFor("the requests", () => asked.length === 4);
    const reply = (at: number, answer: object): void => {
      agent.socket.write(encodeJsonFrame(FrameType.reply, { id: asked[at]!.id, ...answer }));
    };
    reply(2, { ok: true, result: "nonsense" });
    reply(1, { ok: false, error: { code: "MACHINE_UNKNOWN", message: "No such machine." } });
    reply(0, { ok: true, result: [] });
    await Promise.all([
      expect(list).resolves.toEqual([]),
      expect(remove).rejects.toMatchObject({ code: "MACHINE_UNKNOWN", safeMessage: "No such machine." }),
      expect(broken).rejects.toMatchObject({ code: "HOST_REPLY" }),
    ]);
    agent.socket.destroy();
    await expect(left).rejects.toMatchObject({ code: "HOST_OFFLINE" });
    await expect(proxyFixture.proxy.requestHost("nobody", "machine.list", {})).rejects.toMatchObject({
      code: "HOST_OFFLINE",
    });
  });

  it("tell of their machines; plain agents and malformed events are not heard", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const heard: unknown[] = [];
    proxyFixture.proxy.on("machine.state", (data) => void heard.push(data));
    proxyFixture.proxy.on("machine.removed", (data) => void heard.push(data));
    const machine = { id: "m", name: "M", image: "i", state: "running", cpus: 1, memoryMb: 64, since: 1 };
    const host = await publishDesktop(cleanup, proxyFixture, "M", { role: "host" });
    const plain = await publishDesktop(cleanup, proxyFixture, "P");
    for (const { agent } of [plain, host]) {
      agent.socket.write(encodeJsonFrame(FrameType.event, { name: "machine.state", data: machine }));
      agent.socket.write(encodeJsonFrame(FrameType.event, { name: "of a newer version", data: 1 }));
      agent.socket.write(encodeJsonFrame(FrameType.event, { name: "machine.removed", data: { id: "m" } }));
      await agent.publish("after");
    }
    const agentId = host.agent.key.agentId;
    expect(heard).toEqual([
      { agentId, machine },
      { agentId, machineId: "m" },
    ]);
    host.agent.socket.write(encodeJsonFrame(FrameType.event, { name: "machine.state", data: { id: 1 } }));
    await waitFor("the end", () => host.agent.ended);
  });
});

describe("a server that starts again", () => {
  it("keeps its id, gives up what its earlier life held, and goes on with the audit log", async () => {
    const first = await openProxyFixture(cleanup);
    const { agent, view } = await publishDesktop(cleanup, first);
    const { token } = await first.proxy.createToken(view, "control", 60, "admin");
    await first.proxy.close();
    await first.proxy.stores.agents.claim(agent.key.agentId, first.proxy.serverId, "agent");
    await first.proxy.stores.desktops.publish(agent.key.agentId, view.name, null);

    const { dataDir, proxy } = first;
    const second = await openProxyFixture(cleanup, { dataDir, stores: proxy.stores });
    expect(second.proxy).toMatchObject({ serverId: proxy.serverId, fingerprint: proxy.fingerprint });
    expect(await proxy.stores.desktops.find(view.id)).toMatchObject({ state: "offline" });
    const again = await publishDesktop(cleanup, second, view.name, { key: agent.key });
    expect(again.view.id).toBe(view.id);
    const viewer = await connectRfb(cleanup, second.proxy.addresses.rfb!);
    expect(await viewer.handshake({ password: token })).toMatchObject({ name: view.name });
    const sequences = (await second.audit()).map(({ event }) => event.sequence);
    expect(sequences).toEqual(sequences.map((_value, index) => index + 1));
  });

  it("notices that its audit key is another, and says so in the log", async () => {
    const first = await openProxyFixture(cleanup);
    await first.proxy.close();
    const { dataDir, proxy } = first;
    await rm(path.join(dataDir, "audit"), { recursive: true });
    const second = await openProxyFixture(cleanup, { dataDir, stores: proxy.stores });
    expect(second.proxy.auditPublicKey).not.toBe(proxy.auditPublicKey);
    await second.proxy.close();
    const reasons = (await second.audit()).map(({ event }) => event.reason);
    expect(reasons).toContain("AUDIT_KEY_CHANGED");
  });
});
