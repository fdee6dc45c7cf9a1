import { expect } from "vitest";
import type { Proxy } from "../../../proxy/index.ts";
import type { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb, RfbRefusal } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { ScriptedMip1Agent } from "./scripted-mip1-agent.ts";

export const JOB_ID = "354887_1_20_2009__18_4_26_mig-1.imada.sdu.dk.0";
export const JOB_TOKEN = "^HbD)GJo";
export const WRONG_TOKEN_REASON = "This token is wrong or has expired. Ask for a new one.";
export const mip1Options = { allow: ["127.0.0.1"], endpoint: { host: "localhost", port: 5900 } };

/** Connects an agent and waits until the server has taken it. */
export function makeConnect(cleanup: CleanupStack) {
  return async (proxy: Proxy, identifier: string | Buffer = JOB_ID, type = 1): Promise<ScriptedMip1Agent> => {
    const sumEpochs = async (): Promise<number> =>
      (await proxy.stores.agents.list()).reduce((sum, { epoch }) => sum + epoch, 0);
    const before = await sumEpochs();
    const agent = cleanup.add(await ScriptedMip1Agent.connect(proxy, identifier, type));
    await waitFor(
      "the agent",
      async () => proxy.connectedAgents().length > 0 && (await sumEpochs()) > before,
    );
    await waitFor("its tokens", async () => (await proxy.stores.tokens.list()).length > 0);
    return agent;
  };
}

export async function waitForNoAgents(proxy: Proxy): Promise<void> {
  await waitFor("the agent's end", async () => {
    const held = (await proxy.stores.agents.list()).filter(({ serverId }) => serverId !== null);
    return proxy.connectedAgents().length === 0 && held.length === 0;
  });
  await waitFor("the end of its tokens", async () => (await proxy.stores.tokens.list()).length === 0);
}

/** The reason that a viewer with this password reads. */
export function makeReadRefusal(cleanup: CleanupStack) {
  return async (proxy: Proxy, password: string): Promise<string> => {
    const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
    const refusal: unknown = await viewer.handshake({ password }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RfbRefusal);
    return (refusal as RfbRefusal).reason;
  };
}
