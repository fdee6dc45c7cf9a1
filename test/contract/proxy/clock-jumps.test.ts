// The wall clock jumps by an hour, forth and back: nothing live dies, nothing that has expired revives.
import { afterEach, describe, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb, connectRfbOverWebSocket } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import { ScriptedDesktop } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const HOUR = 3_600_000;

async function openOnClock() {
  const clock = new ManualClock(Date.now());
  const proxyFixture = await openProxyFixture(cleanup, { clock });
  const { agent, desktop, view } = await publishDesktop(cleanup, proxyFixture);
  const enter = async (password: string) => {
    const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password });
    return viewer;
  };
  return { clock, proxy: proxyFixture.proxy, agent, desktop, view, enter };
}

describe.each([HOUR, -HOUR])("a wall clock that jumps by %i ms", (jump) => {
  it("ends neither a session nor an agent's connection, and new viewers come in", async () => {
    const { clock, proxy, agent, desktop, view, enter } = await openOnClock();
    const { token } = await proxy.createToken(view, "control", (3 * HOUR) / 1000, "admin");
    const viewer = await enter(token);
    clock.setWallClock(clock.now() + jump);
    clock.advance(PROXY_LIMITS.sessionCheckMs);
    await proxy.checkSessions();
    expect(proxy.openSessions()).toHaveLength(1);
    expect(proxy.connectedAgents()).toHaveLength(1);
    const before = desktop.received.length;
    viewer.pressKey(0x61);
    await waitFor("the key", () => desktop.received.length >= before + 16);
    agent.serve(proxy, new ScriptedDesktop());
    await enter(token);
    agent.serve(proxy, new ScriptedDesktop());
    const { url, protocols } = await proxy.createTicket(view, "control", "admin");
    await (await connectRfbOverWebSocket(cleanup, url, protocols)).handshake();
    expect(proxy.openSessions()).toHaveLength(3);
  });

  it("revives neither a token nor a join secret", async () => {
    const { clock, proxy, view, enter } = await openOnClock();
    const { token } = await proxy.createToken(view, "control", 30, "admin");
    const { tokens, joinSecrets } = proxy.stores;
    const hash = "0".repeat(64);
    await joinSecrets.create(hash, clock.now() + 1000, { role: "agent", admit: false });
    clock.advance(PROXY_LIMITS.sweepMs + 1000);
    await waitFor("the sweep", async () => (await tokens.list()).length === 0);
    clock.setWallClock(clock.now() + jump);
    await expect(enter(token)).rejects.toThrow("wrong or has expired");
    expect(await joinSecrets.take(hash, "agent", clock.now())).toEqual({ kind: "unknown" });
  });
});
