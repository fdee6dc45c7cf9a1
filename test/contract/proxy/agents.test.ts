import { rm } from "node:fs/promises";
import path from "node:path";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { encodeHandshake, encodeJsonFrame, FrameType, IdentifierType } from "../../../protocol/index.ts";
import { Owner } from "../../support/owner.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type Gateway, openGateway, publishDesktop } from "./gateway.ts";
import { type AgentScript, dialMip2, makeKeyPair, ScriptedAgent } from "./scripted-agent.ts";

const owner = new Owner();
afterEach(() => owner.close());

async function verdictOf({ proxy }: Gateway, script: AgentScript): Promise<string> {
  return owner.own(await ScriptedAgent.connect(proxy, script)).verdict;
}

describe("admission of agents", () => {
  it("enrols a key with a join secret, once, and knows it from then on", async () => {
    const gateway = await openGateway(owner);
    const { secret } = await gateway.proxy.createJoinSecret("admin");
    const key = makeKeyPair();
    expect(await verdictOf(gateway, { joinSecret: secret, key })).toBe("welcome");
    expect(await verdictOf(gateway, { joinSecret: secret })).toBe("JOIN_REFUSED");
    expect(await verdictOf(gateway, { joinSecret: "never made", key })).toBe("welcome");
    expect(await verdictOf(gateway, { key })).toBe("welcome");
    expect(gateway.log()).not.toContain(secret);
  });

  it("refuses unknown keys, and tells nothing of join secrets to a wrong signature", async () => {
    const gateway = await openGateway(owner);
    const { secret } = await gateway.proxy.createJoinSecret("admin");
    expect(await verdictOf(gateway, {})).toBe("AGENT_UNKNOWN");
    const alterSignature = (signature: Buffer): Buffer => {
      signature[5]! ^= 1;
      return signature;
    };
    expect(await verdictOf(gateway, { joinSecret: secret, alterSignature })).toBe("PROOF_REFUSED");
    expect(await verdictOf(gateway, { joinSecret: secret })).toBe("welcome");
  });

  it("refuses a foreign key under a known agent's name", async () => {
    const gateway = await openGateway(owner);
    const { agent } = await publishDesktop(owner, gateway);
    const impostor = { ...makeKeyPair(), agentId: agent.key.agentId };
    expect(await verdictOf(gateway, { key: impostor })).toBe("PROOF_REFUSED");
  });

  it.each(["exporter", "serverNonce", "agentNonce", "proxyId", "version"] as const)(
    "refuses a proof over another %s",
    async (field) => {
      const gateway = await openGateway(owner);
      const { agent } = await publishDesktop(owner, gateway);
      const other = { exporter: randomBytes(32), serverNonce: randomBytes(32), agentNonce: randomBytes(32) };
      const foreign = { ...other, proxyId: "another server", version: 2 };
      const forge: AgentScript["forge"] = (fields) => ({ ...fields, [field]: foreign[field] });
      expect(await verdictOf(gateway, { key: agent.key, forge })).toBe("PROOF_REFUSED");
    },
  );

  it("refuses a signature of an earlier connection", async () => {
    const gateway = await openGateway(owner);
    const { secret } = await gateway.proxy.createJoinSecret("admin");
    const key = makeKeyPair();
    let recorded: Buffer = Buffer.alloc(64);
    const record = (signature: Buffer): Buffer => (recorded = signature);
    expect(await verdictOf(gateway, { joinSecret: secret, key, alterSignature: record })).toBe("welcome");
    expect(await verdictOf(gateway, { key, alterSignature: () => recorded })).toBe("PROOF_REFUSED");
  });

  it("refuses a revoked agent", async () => {
    const gateway = await openGateway(owner);
    const { agent } = await publishDesktop(owner, gateway);
    await gateway.proxy.stores.agents.revoke(agent.key.agentId);
    expect(await verdictOf(gateway, { key: agent.key })).toBe("AGENT_REVOKED");
  });

  it("keeps the newest of two connections", async () => {
    const gateway = await openGateway(owner);
    const { agent, view } = await publishDesktop(owner, gateway);
    const newer = owner.own(await ScriptedAgent.connect(gateway.proxy, { key: agent.key }));
    await waitFor("the older one's end", () => agent.ended);
    expect(agent.find(FrameType.refused)).toMatchObject([{ code: "REPLACED" }]);
    expect(gateway.proxy.connectedAgents()).toHaveLength(1);
    await newer.publish(view.name);
    expect(await gateway.proxy.stores.desktops.find(view.id)).toMatchObject({ state: "online" });
    await newer.stop();
    await waitFor("offline", async () => {
      return (await gateway.proxy.stores.desktops.find(view.id))?.state === "offline";
    });
  });

  it.each([
    ["no common version", { identifierType: IdentifierType.resource, versions: [9] }, "VERSION"],
    ["no resource", { identifierType: IdentifierType.user, versions: [1] }, "AGENT_UNKNOWN"],
  ])("refuses a handshake with %s", async (_what, odd, code) => {
    const { proxy } = await openGateway(owner);
    const socket = await dialMip2(proxy);
    socket.write(encodeHandshake({ identifier: "a".repeat(32), nonce: randomBytes(32), ...odd }));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer[0]).toBe(FrameType.refused);
    expect(answer.toString()).toContain(code);
    socket.destroy();
  });

  it("closes junk", async () => {
    const { proxy } = await openGateway(owner);
    const socket = await dialMip2(proxy);
    socket.write(Buffer.alloc(64, 0xff));
    socket.resume();
    await once(socket, "close");
    const { agent } = await publishDesktop(owner, { proxy } as Gateway);
    agent.socket.write(encodeJsonFrame(FrameType.publish, { id: 1, name: "a/b" }));
    await waitFor("the end", () => agent.ended);
  });
});

describe("hosts", () => {
  it("answer requests; replies find their request by its id", async () => {
    const gateway = await openGateway(owner);
    const { agent } = await publishDesktop(owner, gateway, "M", { role: "host" });
    const asked: { id: number; method: string }[] = [];
    agent.onRequest = (request) => void asked.push(request as { id: number; method: string });
    const id = agent.key.agentId;
    const list = gateway.proxy.requestHost(id, "machine.list", {});
    const remove = gateway.proxy.requestHost(id, "machine.remove", { id: "m1" });
    const broken = gateway.proxy.requestHost(id, "image.list", {});
    const left = gateway.proxy.requestHost(id, "machine.list", {});
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
    await expect(gateway.proxy.requestHost("nobody", "machine.list", {})).rejects.toMatchObject({
      code: "HOST_OFFLINE",
    });
  });

  it("tell of their machines; plain agents and malformed events are not heard", async () => {
    const gateway = await openGateway(owner);
    const heard: unknown[] = [];
    gateway.proxy.on("machine.state", (data) => heard.push(data));
    gateway.proxy.on("machine.removed", (data) => heard.push(data));
    const machine = { id: "m", name: "M", image: "i", state: "running", cpus: 1, memoryMb: 64, since: 1 };
    const host = await publishDesktop(owner, gateway, "M", { role: "host" });
    const plain = await publishDesktop(owner, gateway, "P");
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
    const first = await openGateway(owner);
    const { agent, view } = await publishDesktop(owner, first);
    const { token } = await first.proxy.createToken(view, "control", 60, "admin");
    await first.proxy.close();
    await first.proxy.stores.agents.claim(agent.key.agentId, first.proxy.serverId, "agent");
    await first.proxy.stores.desktops.publish(agent.key.agentId, view.name, null);

    const { dataDir, proxy } = first;
    const second = await openGateway(owner, { dataDir, stores: proxy.stores });
    expect(second.proxy).toMatchObject({ serverId: proxy.serverId, fingerprint: proxy.fingerprint });
    expect(await proxy.stores.desktops.find(view.id)).toMatchObject({ state: "offline" });
    const again = await publishDesktop(owner, second, view.name, { key: agent.key });
    expect(again.view.id).toBe(view.id);
    const viewer = await connectRfb(owner, second.proxy.addresses.rfb!);
    expect(await viewer.handshake({ password: token })).toMatchObject({ name: view.name });
    const sequences = (await second.audit()).map(({ event }) => event.sequence);
    expect(sequences).toEqual(sequences.map((_value, index) => index + 1));
  });

  it("notices that its audit key is another, and says so in the log", async () => {
    const first = await openGateway(owner);
    await first.proxy.close();
    const { dataDir, proxy } = first;
    await rm(path.join(dataDir, "audit"), { recursive: true });
    const second = await openGateway(owner, { dataDir, stores: proxy.stores });
    expect(second.proxy.auditPublicKey).not.toBe(proxy.auditPublicKey);
    await second.proxy.close();
    const reasons = (await second.audit()).map(({ event }) => event.reason);
    expect(reasons).toContain("AUDIT_KEY_CHANGED");
  });
});
