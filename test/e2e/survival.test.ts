// The agent opens no port, and comes back by itself from whatever ends beside it.
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { startAgentProgram, startServerProgram } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "bench";
const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

async function start() {
  const [server, xvnc] = await Promise.all([startServerProgram(cleanup), startXvnc(cleanup)]);
  const agent = await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
  const view = async () => {
    const password = await server.createToken(DESKTOP);
    const viewer = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
    return viewer.handshake({ password });
  };
  return { server, xvnc, agent, view };
}

test("the agent listens on no port", async () => {
  const { agent, server, view } = await start();
  expect(await view()).toMatchObject({ name: DESKTOP });
  const { stdout } = await runProcess("ss", ["-Hlntup"]);
  expect(stdout).toContain(`pid=${server.process.pid},`);
  expect(stdout).not.toContain(`pid=${agent.process.pid},`);
});

test("the server comes back, and so does the agent, without help", async () => {
  const { server, agent, view } = await start();
  await view();
  await server.restart();
  const { pid } = agent.process;
  await waitFor(
    "the desktop online again",
    async () =>
      (await server.listDesktops()).some(({ name, state }) => name === DESKTOP && state === "online"),
    { timeoutMs: 30_000 },
  );
  expect(await view()).toMatchObject({ name: DESKTOP });
  expect(agent.process.pid).toBe(pid);
});

test("the server is killed: the same", async () => {
  const { server, view } = await start();
  await server.stopProcess("SIGKILL");
  await server.restart();
  await waitFor(
    "the desktop online again",
    async () =>
      (await server.listDesktops()).some(({ name, state }) => name === DESKTOP && state === "online"),
    { timeoutMs: 30_000 },
  );
  expect(await view()).toMatchObject({ name: DESKTOP });
});

test("the VNC server is restarted: the next viewer works, and one in between hears why it does not", async () => {
  const { xvnc, view } = await start();
  await view();
  await xvnc.server.stop();
  await expect(view()).rejects.toThrow(/desktop/i);
  await startXvnc(cleanup, { port: xvnc.port });
  expect(await view()).toMatchObject({ name: DESKTOP });
});

test("the agent starts again with its stored key; the join secret is neither needed nor harmful", async () => {
  const { agent, view } = await start();
  await agent.stopProcess("SIGKILL");
  await agent.start();
  expect(await view()).toMatchObject({ name: DESKTOP });
  const exit = await agent.stopProcess();
  expect(exit).toEqual({ code: 0, signal: null });
});
