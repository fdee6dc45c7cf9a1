import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Owner } from "../../support/owner.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openGateway } from "./gateway.ts";
import { JOB, makeConnect, makeRefusalOf, mip1, TOKEN, WRONG } from "./mip1-steps.ts";
import { makeKeyPair, ScriptedAgent } from "./scripted-agent.ts";
import { dialMip1, encodeHandshake, ScriptedMip1Agent } from "./scripted-mip1-agent.ts";

const owner = new Owner();
afterEach(() => owner.close());
const connect = makeConnect(owner);
const refusalOf = makeRefusalOf(owner);

describe("who may speak MiP 1", () => {
  it.each([undefined, "mip/1"])("a peer that is not listed is closed and noted (ALPN %s)", async (alpn) => {
    const gateway = await openGateway(owner, { mip1: { ...mip1, allow: ["192.0.2.0/24", "2001:db8::/32"] } });
    const socket = await dialMip1(gateway.proxy, alpn);
    socket.resume();
    socket.write(encodeHandshake(JOB));
    await once(socket, "close");
    expect(await gateway.proxy.stores.agents.list()).toEqual([]);
    await waitFor("the audit line", async () =>
      (await gateway.audit()).some(({ event }) => event.reason === "MIP1_NOT_ALLOWED"),
    );
  });

  it("nobody, unless somebody is listed", async () => {
    const { proxy } = await openGateway(owner);
    await expect(dialMip1(proxy, "mip/1")).rejects.toThrow();
  });

  it("a wrong range stops the start", async () => {
    const wrong = openGateway(owner, { mip1: { ...mip1, allow: ["10.0.0.0/99"] } });
    await expect(wrong).rejects.toMatchObject({ code: "PEER_RANGE" });
  });

  it("a revoked agent does not come back", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const agent = await connect(proxy);
    const [record] = await proxy.stores.agents.list();
    await proxy.stores.agents.revoke(record!.id);
    await agent.stop();
    const again = owner.own(await ScriptedMip1Agent.connect(proxy, JOB));
    await again.reader.readToEnd();
    expect(await refusalOf(proxy, TOKEN)).toBe(WRONG);
  });

  it("nobody gets its place by MiP 2: it has no key that could be proved", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    await connect(proxy);
    const [{ id: agentId } = { id: "" }] = proxy.connectedAgents();
    const { secret: joinSecret } = await proxy.createJoinSecret("admin");
    const thief = owner.own(
      await ScriptedAgent.connect(proxy, { joinSecret, key: { ...makeKeyPair(), agentId } }),
    );
    expect(thief.verdict).toBe("PROOF_REFUSED");
    expect(proxy.connectedAgents()).toMatchObject([{ kind: "mip1" }]);
  });

  it("HTTP without ALPN is served beside it", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const socket = await dialMip1(proxy);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toContain("200 OK");
    socket.destroy();
  });

  it("only agents with a listed identifier, where there is a list, which may change at any time", async () => {
    const identifiersFile = path.join(await owner.makeFolder(), "identifiers");
    const gateway = await openGateway(owner, { mip1: { ...mip1, identifiersFile } });
    const refuse = async (reason: string): Promise<void> => {
      const agent = owner.own(await ScriptedMip1Agent.connect(gateway.proxy, JOB));
      await agent.reader.readToEnd();
      await waitFor("the audit line", async () =>
        (await gateway.audit()).some(({ event }) => event.reason === reason),
      );
    };
    await refuse("MIP1_IDENTIFIERS_UNREADABLE");
    await writeFile(identifiersFile, `# jobs of today\n${JOB}.1\n`);
    await refuse("MIP1_IDENTIFIER_UNKNOWN");
    await writeFile(identifiersFile, `${JOB}.1\r\n  ${JOB}  \n`);
    await connect(gateway.proxy);
    expect(gateway.proxy.connectedAgents()).toHaveLength(1);
    expect(gateway.log()).not.toContain(JOB);
  });
});
