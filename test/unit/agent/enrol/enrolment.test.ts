import { afterEach, describe, expect, test } from "vitest";
import { loadAgentIdentity } from "../../../../agent/enrol/agent-identity.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { encodeJsonFrame, FrameType, type Refused } from "../../../../protocol/index.ts";
import { AgentFixture } from "../support/agent-fixture.ts";

const fixture = new AgentFixture();
afterEach(() => fixture.close());

const refuse = (code: Refused["code"], retryAfterMs?: number): Refused => ({
  code,
  message: "because",
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

describe("enrolment", () => {
  test("the first connection redeems the secret, the next ones prove the key alone", async () => {
    const proxy = await fixture.startProxy();
    const dataDir = await fixture.cleanup.makeFolder();
    const first = await fixture.startAgent(proxy, { dataDir });
    await first.ready;
    await first.close();
    const second = await fixture.startAgent(proxy, { dataDir });
    await second.ready;
    await second.close();
    const third = await fixture.startAgent(proxy, { dataDir, joinSecret: null });
    await third.ready;
    expect(proxy.proofs[0]?.enrol).toMatchObject({ secret: "join-me", name: "box in the cellar" });
    expect(proxy.proofs.slice(1).map(({ enrol }) => enrol)).toEqual([undefined, undefined]);
    expect(proxy.faults).toEqual([]);
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await proxy.controls.next()).handshake.identifier),
    );
    expect(new Set(ids)).toEqual(new Set([(await loadAgentIdentity(dataDir)).agentId]));
  });

  test("a server that has forgotten the key gets the secret at once", async () => {
    const proxy = await fixture.startProxy({
      judge: ({ enrol }) => (enrol ? null : refuse("AGENT_UNKNOWN")),
    });
    const dataDir = await fixture.cleanup.makeFolder();
    const identity = await loadAgentIdentity(dataDir);
    await identity.recordWelcome(fixture.fingerprint, identity.agentId);
    const agent = await fixture.startAgent(proxy, { dataDir });
    await agent.ready;
    expect(proxy.proofs.map(({ enrol }) => enrol !== undefined)).toEqual([false, true]);
  });

  test("a used secret does no harm to a key that the server knows after all", async () => {
    const proxy = await fixture.startProxy({
      judge: ({ enrol }) => (enrol ? refuse("JOIN_REFUSED") : null),
    });
    const agent = await fixture.startAgent(proxy);
    await agent.ready;
    expect(proxy.proofs.map(({ enrol }) => enrol !== undefined)).toEqual([true, false]);
  });

  test("the secret is in no log line", async () => {
    const proxy = await fixture.startProxy();
    await (
      await fixture.startAgent(proxy)
    ).ready;
    expect(fixture.log.length).toBeGreaterThan(0);
    expect(JSON.stringify(fixture.log)).not.toContain("join-me");
  });
});

describe("final refusals", () => {
  test.each([
    ["AGENT_UNKNOWN", null, 1],
    ["AGENT_REVOKED", "join-me", 1],
    ["PROOF_REFUSED", "join-me", 1],
    ["VERSION", "join-me", 1],
    // With the secret, then without.
    ["JOIN_REFUSED", "join-me", 2],
  ] as const)(
    "%s rejects ready, with a sentence, and stops the agent",
    async (code, joinSecret, attempts) => {
      const proxy = await fixture.startProxy({ judge: () => refuse(code) });
      const agent = await fixture.startAgent(proxy, { joinSecret });
      await expect(agent.ready).rejects.toMatchObject({ code });
      const cause = await agent.stopped;
      expect(cause).toMatchObject({ code, safeMessage: expect.stringMatching(/^(The s|S)erver/) as string });
      expect(proxy.proofs).toHaveLength(attempts);
      expect(fixture.log.find(({ event }) => event === "agent.refused")).toMatchObject({ code, level: 50 });
    },
  );

  test("a secret that was refused for a key that is unknown too", async () => {
    const proxy = await fixture.startProxy({
      judge: ({ enrol }) => refuse(enrol ? "JOIN_REFUSED" : "AGENT_UNKNOWN"),
    });
    const agent = await fixture.startAgent(proxy);
    await expect(agent.ready).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    expect(proxy.proofs).toHaveLength(2);
  });

  test("revoked while connected", async () => {
    const proxy = await fixture.startProxy();
    const agent = await fixture.startAgent(proxy);
    await agent.ready;
    const control = await proxy.controls.next();
    control.socket.end(encodeJsonFrame(FrameType.refused, refuse("AGENT_REVOKED")));
    expect(await agent.stopped).toMatchObject({ code: "AGENT_REVOKED" });
  });
});

describe("refusals for now", () => {
  test.each([
    ["BUSY", undefined, 250],
    ["BUSY", 3000, 3250],
    ["AGENT_REVOKED", 2000, 2250],
    ["REPLACED", undefined, 5000],
  ] as const)("%s with retryAfterMs %s: back within %s ms", async (code, retryAfterMs, withinMs) => {
    const clock = new ManualClock(Date.now());
    const proxy = await fixture.startProxy({
      judge: (_proof, attempt) => (attempt === 1 ? refuse(code, retryAfterMs) : null),
    });
    const agent = await fixture.startAgent(proxy, { clock, random: () => 0.999 });
    await waitFor("the refusal", () => fixture.log.some(({ event }) => event === "agent.refused"));
    await waitFor("the wait", () => clock.pending === 1);
    clock.advance(withinMs * 0.95);
    expect(proxy.connections).toBe(1);
    clock.advance(withinMs * 0.05);
    await agent.ready;
    expect(proxy.connections).toBe(2);
  });
});
