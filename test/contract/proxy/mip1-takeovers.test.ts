import { afterEach, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { waitFor } from "../../support/wait-for.ts";
import { JOB_ID, makeConnect, mip1Options } from "./mip1-fixture.ts";
import { openProxyFixture } from "./proxy-fixture.ts";
import { ScriptedMip1Agent } from "./scripted-mip1-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

it("two agents with one identifier: each newcomer waits longer, and one line names both", async () => {
  const clock = new ManualClock();
  const fixture = await openProxyFixture(cleanup, { mip1: mip1Options, clock });
  const { proxy } = fixture;
  const connect = makeConnect(cleanup);
  const readEpoch = async () => (await proxy.stores.agents.list())[0]!.epoch;
  let present = await connect(proxy);
  for (let count = 0; count < PROXY_LIMITS.freeTakeovers; count++) {
    const newcomer = await connect(proxy);
    await waitFor("the end of the one before", () => present.socket.destroyed);
    present = newcomer;
  }
  const agentId = proxy.connectedAgents()[0]!.id;
  expect(proxy.countClones(agentId)).toBe(0);

  // Both come back as fast as they can: of those that wait, the newest is the only one.
  const epoch = await readEpoch();
  const crowd: ScriptedMip1Agent[] = [];
  for (let count = 0; count < 20; count++) {
    crowd.push(cleanup.add(await ScriptedMip1Agent.connect(proxy, JOB_ID, 1)));
    await waitFor("the others' end", () => crowd.filter(({ socket }) => !socket.destroyed).length === 1);
  }
  expect(await readEpoch()).toBe(epoch);
  expect(present.socket.destroyed).toBe(false);
  clock.advance(PROXY_LIMITS.firstTakeoverMs);
  await waitFor("the takeover", () => present.socket.destroyed);
  await waitFor("its epoch", async () => (await readEpoch()) === epoch + 1);
  expect(proxy.countClones(agentId)).toBe(1);
  const lines = async () => (await fixture.audit()).filter(({ event }) => event.action === "agent.clone");
  await waitFor("the line", async () => (await lines()).length === 1);
  expect(await lines()).toMatchObject([
    { source: { ip: "127.0.0.1" }, postern: { other: { ip: "127.0.0.1" } }, agent: { id: agentId } },
  ]);

  // A place that is free is had at once.
  const [holder] = crowd.filter(({ socket }) => !socket.destroyed);
  const next = cleanup.add(await ScriptedMip1Agent.connect(proxy, JOB_ID, 1));
  await holder!.stop();
  await waitFor("the next one", async () => (await readEpoch()) === epoch + 2);
  expect(next.socket.destroyed).toBe(false);
});
