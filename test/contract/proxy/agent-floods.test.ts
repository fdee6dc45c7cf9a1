import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeJsonFrame, FrameType } from "../../../protocol/index.ts";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openProxyFixture, publishDesktop, type ProxyFixture } from "./proxy-fixture.ts";
import { ScriptedAgent, type AgentScript } from "./scripted-agent.ts";

let cleanup: CleanupStack;
let fixture: ProxyFixture;
beforeEach(async () => {
  cleanup = new CleanupStack();
  fixture = await openProxyFixture(cleanup);
});
afterEach(() => cleanup.close());

async function connect(script: AgentScript = {}): Promise<ScriptedAgent> {
  const role = script.role ?? "agent";
  const { secret } = await fixture.proxy.createJoinSecret({ role, admit: role === "host" });
  return cleanup.add(await ScriptedAgent.connect(fixture.proxy, { joinSecret: secret, ...script }));
}

/** Rows as an agent could leave them, in one piece. */
function insertDesktops(agentId: string, count: number): void {
  const database = new DatabaseSync(path.join(fixture.dataDir, "postern.db"));
  database.exec("begin immediate");
  const insert = database.prepare("insert into desktops values (?, ?, ?, null, 'offline', ?, ?)");
  const now = Date.now();
  for (let index = 0; index < count; index += 1)
    insert.run(`${agentId}-${index}`, agentId, `old-${index}`, now, now);
  database.exec("commit");
  database.close();
}

test("an agent that reports faster than the server works is not read meanwhile, and others are served", async () => {
  const flood = await connect({ role: "host", name: "flood" });
  const settle: (() => void)[] = [];
  fixture.proxy.on("machine.state", () => new Promise((resolve) => settle.push(resolve)));
  const data = { id: "m", name: "m", image: "i", state: "failed", cpus: 1, memoryMb: 1, since: 1 };
  const frame = encodeJsonFrame(FrameType.event, { name: "machine.state", data });
  flood.socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame)));
  await waitFor("the first reports", () => settle.length >= PROXY_LIMITS.agentFramesInProgress);
  await publishDesktop(cleanup, fixture, "honest");
  expect(settle).toHaveLength(PROXY_LIMITS.agentFramesInProgress);
  while (settle.length < 1_000) {
    for (const one of settle) one();
    await new Promise(setImmediate);
  }
  // Those that came last, too: as many as may be in progress would hold up what follows.
  for (const one of settle) one();
  await flood.publish("after the flood");
});

test("a reply is read while the reports of the same host are worked on", async () => {
  const host = await connect({ role: "host", name: "busy" });
  let answered = 0;
  fixture.proxy.on("machine.removed", async ({ agentId }) => {
    await fixture.proxy.stores.agents.find(agentId);
    void fixture.proxy.requestHost(agentId, "machine.list", {}).then(() => (answered += 1));
  });
  host.onRequest = (request) => {
    const { id } = request as { id: number };
    host.socket.write(encodeJsonFrame(FrameType.reply, { id, ok: true, result: [] }));
  };
  const frame = encodeJsonFrame(FrameType.event, { name: "machine.removed", data: { id: "m" } });
  host.socket.write(Buffer.concat(Array.from({ length: 200 }, () => frame)));
  await waitFor("all answers", () => answered === 200);
});

test("desktops of an agent are counted where they are stored, withdrawn ones too", async () => {
  const agent = await connect();
  insertDesktops(agent.key.agentId, PROXY_LIMITS.agentDesktops - 1);
  const last = await agent.publish("last");
  await expect(agent.publish("one more")).rejects.toThrow("DESKTOP_LIMIT");
  // One that is known is no further one.
  expect(await agent.publish("last")).toBe(last);
  expect(await agent.publish("old-7")).toBe(`${agent.key.agentId}-7`);
});

test("a desktop that is published again as it is makes no event", async () => {
  const agent = await connect();
  const changed: string[] = [];
  fixture.proxy.on("desktop.changed", ({ desktopId }) => void changed.push(desktopId));
  const id = await agent.publish("desk");
  for (let index = 0; index < 5; index += 1) expect(await agent.publish("desk")).toBe(id);
  expect(changed).toEqual([id]);
  await fixture.proxy.stores.desktops.remove(id);
  const other = await agent.publish("desk");
  expect(other).not.toBe(id);
  expect(changed).toEqual([id, other, id]);
});

test("X3: who replies more often than it was asked is cut: a reply may be a megabyte", async () => {
  const host = await connect({ role: "host", name: "talker" });
  const { agentId } = host.key;
  const reply = (id: number): Buffer => encodeJsonFrame(FrameType.reply, { id, ok: true, result: [] });
  host.onRequest = (request) => void host.socket.write(reply((request as { id: number }).id));
  for (let asked = 0; asked < 3; asked += 1)
    expect(await fixture.proxy.requestHost(agentId, "machine.list", {})).toEqual([]);
  expect(host.ended).toBe(false);
  host.socket.write(reply(77));
  await waitFor("its end", () => host.ended);
});
