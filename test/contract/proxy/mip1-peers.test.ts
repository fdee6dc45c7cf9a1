import { once } from "node:events";
import { readdir, readlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openProxyFixture } from "./proxy-fixture.ts";
import {
  JOB_ID,
  makeConnect,
  makeReadRefusal,
  mip1Options,
  JOB_TOKEN,
  WRONG_TOKEN_REASON,
} from "./mip1-fixture.ts";
import { makeKeyPair, ScriptedAgent } from "./scripted-agent.ts";
import { dialMip1, encodeMip1Handshake, ScriptedMip1Agent } from "./scripted-mip1-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());
const connect = makeConnect(cleanup);
const refusalOf = makeReadRefusal(cleanup);

/** Of this process, relative to `folder`. */
async function listOpenFiles(folder: string): Promise<string[]> {
  const descriptors = await readdir("/proc/self/fd");
  const targets = await Promise.all(
    descriptors.map((name) => readlink(path.join("/proc/self/fd", name)).catch(() => "")),
  );
  return targets.filter((target) => target.startsWith(folder)).map((target) => path.relative(folder, target));
}

describe("who may speak MiP 1", () => {
  it.each([undefined, "mip/1"])("a peer that is not listed is closed and noted (ALPN %s)", async (alpn) => {
    const proxyFixture = await openProxyFixture(cleanup, {
      mip1: { ...mip1Options, allow: ["192.0.2.0/24", "2001:db8::/32"] },
    });
    const socket = await dialMip1(proxyFixture.proxy, alpn);
    socket.resume();
    socket.write(encodeMip1Handshake(JOB_ID));
    await once(socket, "close");
    expect(await proxyFixture.proxy.stores.agents.list()).toEqual([]);
    await waitFor("the audit line", async () =>
      (await proxyFixture.audit()).some(({ event }) => event.reason === "MIP1_NOT_ALLOWED"),
    );
  });

  it("nobody, unless somebody is listed", async () => {
    const { proxy } = await openProxyFixture(cleanup);
    await expect(dialMip1(proxy, "mip/1")).rejects.toThrow();
  });

  it("a wrong range stops the start", async () => {
    const dataDir = await cleanup.makeFolder();
    const wrong = openProxyFixture(cleanup, { dataDir, mip1: { ...mip1Options, allow: ["10.0.0.0/99"] } });
    await expect(wrong).rejects.toMatchObject({ code: "PEER_RANGE" });
    expect(await listOpenFiles(dataDir)).not.toContain("audit/audit.jsonl");
  });

  it("a revoked agent does not come back", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const agent = await connect(proxy);
    const [record] = await proxy.stores.agents.list();
    await proxy.stores.agents.revoke(record!.id);
    await agent.stop();
    const again = cleanup.add(await ScriptedMip1Agent.connect(proxy, JOB_ID));
    await again.reader.readToEnd();
    expect(await refusalOf(proxy, JOB_TOKEN)).toBe(WRONG_TOKEN_REASON);
  });

  it("nobody gets its place by MiP 2: it has no key that could be proved", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    await connect(proxy);
    const [{ id: agentId } = { id: "" }] = proxy.connectedAgents();
    const { secret: joinSecret } = await proxy.createJoinSecret();
    const thief = cleanup.add(
      await ScriptedAgent.connect(proxy, { joinSecret, key: { ...makeKeyPair(), agentId } }),
    );
    expect(thief.outcome).toBe("PROOF_REFUSED");
    expect(proxy.connectedAgents()).toMatchObject([{ kind: "mip1" }]);
  });

  it("HTTP without ALPN is served beside it", async () => {
    const { proxy } = await openProxyFixture(cleanup, { mip1: mip1Options });
    const socket = await dialMip1(proxy);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toContain("200 OK");
    socket.destroy();
  });

  it("only agents with a listed identifier, where there is a list, which may change at any time", async () => {
    const identifiersFile = path.join(await cleanup.makeFolder(), "identifiers");
    const proxyFixture = await openProxyFixture(cleanup, { mip1: { ...mip1Options, identifiersFile } });
    const refuse = async (reason: string): Promise<void> => {
      const agent = cleanup.add(await ScriptedMip1Agent.connect(proxyFixture.proxy, JOB_ID));
      await agent.reader.readToEnd();
      await waitFor("the audit line", async () =>
        (await proxyFixture.audit()).some(({ event }) => event.reason === reason),
      );
    };
    await refuse("MIP1_IDENTIFIERS_UNREADABLE");
    await writeFile(identifiersFile, `# jobs of today\n${JOB_ID}.1\n`);
    await refuse("MIP1_IDENTIFIER_UNKNOWN");
    await writeFile(identifiersFile, `${JOB_ID}.1\r\n  ${JOB_ID}  \n`);
    await connect(proxyFixture.proxy);
    expect(proxyFixture.proxy.connectedAgents()).toHaveLength(1);
    expect(proxyFixture.log()).not.toContain(JOB_ID);
  });
});
