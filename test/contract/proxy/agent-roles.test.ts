import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeJsonFrame, FrameType } from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openProxyFixture, type ProxyFixture } from "./proxy-fixture.ts";
import { type AgentScript, makeKeyPair, ScriptedAgent } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
let fixture: ProxyFixture;
let proxy: Proxy;
beforeEach(async () => {
  fixture = await openProxyFixture(cleanup);
  proxy = fixture.proxy;
});
afterEach(() => cleanup.close());

const FEATURES = { features: ["role"] };

async function connect(script: AgentScript): Promise<ScriptedAgent> {
  return cleanup.add(await ScriptedAgent.connect(proxy, { ...FEATURES, ...script }));
}

async function makeSecret(role: "agent" | "host", admit = false): Promise<string> {
  return (await proxy.createJoinSecret({ role, admit })).secret;
}

/** Joins, and waits until the server has given it up again. */
async function joinAndLeave(role: "agent" | "host", admit = false) {
  const agent = await connect({ role, joinSecret: await makeSecret(role, admit) });
  expect(agent.outcome).toBe("welcome");
  agent.socket.destroy();
  await waitFor("its end", () => proxy.connectedAgents().length === 0);
  return agent.key;
}

describe("a peer does not choose what it may be", () => {
  it.each([
    ["agent", "host"],
    ["host", "agent"],
  ] as const)("one that joined as %s does not come back as %s", async (joined, claimed) => {
    const key = await joinAndLeave(joined, true);
    const other = await connect({ key, role: claimed });
    expect(other.outcome).toBe("ROLE_REFUSED");
    expect(await proxy.stores.agents.find(key.agentId)).toMatchObject({ kind: joined, serverId: null });
    await expect(proxy.requestHost(key.agentId, "image.list", {})).rejects.toMatchObject({
      code: "HOST_OFFLINE",
    });
    await waitFor("the audit line", async () =>
      (await fixture.audit()).some(
        ({ event, agent }) =>
          event.action === "agent.refuse" &&
          event.reason === "ROLE_REFUSED" &&
          (agent as { id?: string } | undefined)?.id === key.agentId,
      ),
    );
    expect((await connect({ key, role: joined })).outcome).toBe("welcome");
  });

  it("a new secret for hosts makes no host of a key that is known", async () => {
    const key = await joinAndLeave("agent");
    const joinSecret = await makeSecret("host", true);
    expect((await connect({ key, role: "host", joinSecret })).outcome).toBe("ROLE_REFUSED");
    expect((await connect({ role: "host", joinSecret })).outcome, "the secret is not spent").toBe("welcome");
  });

  it("an agent of an earlier release is told what it knows, and what to do", async () => {
    const key = await joinAndLeave("agent");
    const old = await connect({ key, role: "host", features: [] });
    expect(old.outcome).toBe("JOIN_REFUSED");
    expect(old.find(FrameType.refused)[0]).toMatchObject({
      message: expect.stringContaining("join create --host") as string,
    });
  });

  it("a secret is for one role, and is not spent by the other one", async () => {
    for (const [made, claimed] of [
      ["agent", "host"],
      ["host", "agent"],
    ] as const) {
      const key = makeKeyPair();
      const joinSecret = await makeSecret(made);
      expect((await connect({ key, joinSecret, role: claimed })).outcome).toBe("ROLE_REFUSED");
      expect(await proxy.stores.agents.find(key.agentId)).toBeNull();
      expect((await connect({ key, joinSecret, role: made })).outcome).toBe("welcome");
    }
  });

  it("a revoked host does not come back by a secret of its own", async () => {
    const key = await joinAndLeave("host", true);
    await proxy.revokeAgent(key.agentId);
    const joinSecret = await makeSecret("host", true);
    expect((await connect({ key, role: "host", joinSecret })).outcome).toBe("AGENT_REVOKED");
  });

  it("an agent's name is one visible line, whatever it says", async () => {
    const names = ["\u001b[2J\u001b]0;x\u0007evil", "a\nadmin", "x\u202egnp.exe", "\u200b"];
    for (const name of names) await connect({ name, joinSecret: await makeSecret("agent") });
    const known = (await proxy.stores.agents.list()).map(({ id, name }) => (name === id ? "its id" : name));
    expect(known.sort()).toEqual(["[2J]0;xevil", "a admin", "its id", "xgnp.exe"].sort());
  });

  it("a desktop with a name that cannot be seen is not published, and the connection goes on", async () => {
    const agent = await connect({ joinSecret: await makeSecret("agent") });
    expect(await agent.tryPublish("x\u202egnp")).toMatchObject({ error: { code: "DESKTOP_NAME" } });
    expect(await agent.publish("lab")).toMatch(/./);
    expect((await proxy.stores.desktops.list()).map(({ name }) => name)).toEqual(["lab"]);
  });
});

describe("a host that waits to be let in", () => {
  const machine = { id: "m", name: "M", image: "i", state: "running", cpus: 1, memoryMb: 64, since: 1 };
  const report = (agent: ScriptedAgent) =>
    agent.socket.write(encodeJsonFrame(FrameType.event, { name: "machine.state", data: machine }));

  it("is asked nothing and not heard, and its desktops are nobody's screens, until an administrator lets it in", async () => {
    const heard: string[] = [];
    proxy.on("machine.state", ({ agentId }) => void heard.push(agentId));
    const host = await connect({ role: "host", joinSecret: await makeSecret("host") });
    const id = host.key.agentId;
    expect(proxy.connectedAgents()).toMatchObject([{ id, kind: "host", admitted: false }]);
    report(host);
    const screen = await host.publish("M", "somebody-elses");
    expect(heard).toEqual([]);
    expect(await proxy.stores.desktops.find(screen)).toMatchObject({ machineId: null });
    await expect(proxy.requestHost(id, "machine.list", {})).rejects.toMatchObject({ code: "HOST_OFFLINE" });
    expect(host.find(FrameType.request)).toEqual([]);

    const changed: string[] = [];
    proxy.on("agent.changed", ({ agentId }) => void changed.push(agentId));
    expect(await proxy.setAgentRole(id, "host")).toMatchObject({ kind: "host" });
    expect(proxy.connectedAgents()).toMatchObject([{ id, admitted: true }]);
    expect(changed).toContain(id);
    host.onRequest = (request) => {
      const answer = { id: (request as { id: number }).id, ok: true, result: [] };
      host.socket.write(encodeJsonFrame(FrameType.reply, answer));
    };
    expect(await proxy.requestHost(id, "machine.list", {})).toEqual([]);
    report(host);
    await waitFor("its report", () => heard.length === 1);
  });

  it("is let in by its secret where that says so; taken back, its connection ends, and it comes back as an agent only", async () => {
    const host = await connect({ role: "host", joinSecret: await makeSecret("host", true) });
    const { key } = host;
    expect(proxy.connectedAgents()).toMatchObject([{ admitted: true }]);
    await proxy.setAgentRole(key.agentId, "agent");
    await waitFor("its end", () => host.ended && proxy.connectedAgents().length === 0);
    expect(host.find(FrameType.refused)).toMatchObject([{ code: "ROLE_REFUSED" }]);
    expect((await connect({ key, role: "host" })).outcome).toBe("ROLE_REFUSED");
    expect((await connect({ key, role: "agent" })).outcome).toBe("welcome");
  });

  it("is let in, and taken back, on whichever server it is", async () => {
    const clock = new ManualClock();
    const { stores } = proxy;
    const second = await openProxyFixture(cleanup, { stores, clock });
    const joinSecret = await makeSecret("host");
    const host = cleanup.add(
      await ScriptedAgent.connect(second.proxy, { ...FEATURES, role: "host", joinSecret }),
    );
    const id = host.key.agentId;
    // The servers' clocks differ by less than a minute, in earnest.
    clock.setWallClock(Date.now());
    await proxy.setAgentRole(id, "host");
    expect(second.proxy.connectedAgents()).toMatchObject([{ id, admitted: false }]);
    clock.advance(PROXY_LIMITS.revocationCheckMs);
    await waitFor("its admission", () => second.proxy.connectedAgents()[0]?.admitted === true);
    await proxy.setAgentRole(id, "agent");
    await waitFor("its end", () => {
      clock.advance(PROXY_LIMITS.revocationCheckMs);
      return host.ended;
    });
  });
});
