// The audit log's disk is full: agents get no right either, and none of theirs is lost.
import { afterEach, expect, it, vi } from "vitest";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { waitFor } from "../../support/wait-for.ts";
import { fillAuditDisk } from "./fill-audit-disk.ts";
import { openProxyFixture, type ProxyFixture } from "./proxy-fixture.ts";
import { type AgentScript, makeKeyPair, ScriptedAgent } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.close();
});

async function outcomeOf({ proxy }: ProxyFixture, script: AgentScript): Promise<string> {
  return cleanup.add(await ScriptedAgent.connect(proxy, script)).outcome;
}

it("an agent is not enrolled, its join secret stays good, and a known agent comes in", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { proxy, dataDir } = proxyFixture;
  const known = makeKeyPair();
  const first = await proxy.createJoinSecret();
  expect(await outcomeOf(proxyFixture, { joinSecret: first.secret, key: known })).toBe("welcome");
  const { secret } = await proxy.createJoinSecret();

  const makeRoom = await fillAuditDisk(dataDir);
  await expect(proxy.auditDurably({ action: "logout", outcome: "success" })).rejects.toMatchObject({
    code: "AUDIT_UNAVAILABLE",
  });
  const key = makeKeyPair();
  expect(await outcomeOf(proxyFixture, { joinSecret: secret, key })).toBe("BUSY");
  expect(await proxy.stores.agents.find(key.agentId)).toBeNull();
  expect(await outcomeOf(proxyFixture, { key: known })).toBe("welcome");

  makeRoom();
  await waitFor("the log to be written again", async () =>
    proxy.auditDurably({ action: "logout", outcome: "success" }).then(
      () => true,
      () => undefined,
    ),
  );
  expect(await outcomeOf(proxyFixture, { joinSecret: secret, key })).toBe("welcome");
  const enrolled = (await proxyFixture.audit()).filter(({ event }) => event.action === "agent.enrol");
  expect(enrolled).toHaveLength(2);
});
