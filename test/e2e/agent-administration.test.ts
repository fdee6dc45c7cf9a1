// `postern agent list`, `rotate` and `revoke` against a running server and real agents.
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly clones: number;
}

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

test("an agent gets a new key while somebody looks, and is revoked within 5 s", async () => {
  const [server, xvnc] = await Promise.all([startServerProgram(cleanup), startXvnc(cleanup)]);
  const settings = { desktops: { bench: xvnc.endpoint }, args: ["--name", "mill"] };
  const agent = await startAgentProgram(cleanup, server, settings);
  const list = () => server.ask<Row[]>("agent", "list");
  const [row] = await list();
  expect(row).toMatchObject({ name: "mill", state: "online", clones: 0 });
  const password = await server.createToken("bench");
  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  await viewer.handshake({ password });

  await server.ask("agent", "rotate", "mill");
  await waitFor("its return", async () => (await list())[0]?.state === "online");
  // The session has not noticed.
  viewer.setEncodings(0);
  viewer.requestUpdate();
  expect(await viewer.readUpdate()).not.toHaveLength(0);

  const ended = viewer.reader.read(100_000_000).catch(() => "over");
  const revokedAt = performance.now();
  await server.ask("agent", "revoke", row!.id);
  expect(await ended).toBe("over");
  expect((await agent.process.waitForExit()).code).not.toBe(0);
  expect(performance.now() - revokedAt).toBeLessThan(5_000);
  expect(agent.process.output).toContain("AGENT_REVOKED");
  expect(await list()).toMatchObject([{ id: row!.id, state: "revoked" }]);

  const unknown = await runPostern(["agent", "revoke", "mill", "--data", server.data]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('There is no agent "mill"');
  const bare = await runPostern(["agent", "--desktop", "a=tcp:127.0.0.1:1"]);
  expect(bare.code).toBe(2);
  expect(bare.stderr).toContain("--proxy");
  const table = await runPostern(["agent", "list", "--data", server.data]);
  expect(table.stdout).toMatch(/^NAME\s+KIND\s+STATE/);
});
