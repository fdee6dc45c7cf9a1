// A server that may open 256 files only refuses what is too much, lives, and serves again when there is room.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { startAgentProgram, startServerProgram } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";
import { connectRfb, type RfbClient } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const FILES = 256;
const CROWD = 600;

/** From many addresses: one of them alone may not take so many places. */
async function openMany(port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: CROWD }, (_, i) =>
    connect({ port, host: "127.0.0.1", localAddress: `127.0.1.${1 + (i % 10)}` }),
  );
  for (const socket of sockets) socket.on("error", () => undefined).resume();
  await Promise.all(sockets.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close")])));
  return sockets;
}

test("with 256 file descriptors a crowd is turned away, a session goes on, and then all is as before", async () => {
  const server = await startServerProgram(cleanup);
  // Not from the start: Node opens more of the program's files at once than that while it loads them.
  await runProcess("prlimit", ["--pid", String(server.process.pid), `--nofile=${FILES}`]);
  const xvnc = await startXvnc(cleanup);
  await startAgentProgram(cleanup, server, { desktops: { few: xvnc.endpoint } });
  const password = await server.createToken("few");
  const enter = async (): Promise<RfbClient> => {
    const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
    await viewer.handshake({ password });
    return viewer;
  };
  const look = async (viewer: RfbClient): Promise<number> => {
    viewer.requestUpdate();
    return (await viewer.readUpdate()).length;
  };
  const before = await enter();
  expect(await look(before)).toBeGreaterThan(0);

  const crowd = await openMany(server.rfb);
  await waitFor("the first that are turned away", () => crowd.some(({ destroyed }) => destroyed));
  await expect(enter()).rejects.toThrow();
  expect(await look(before)).toBeGreaterThan(0);

  for (const socket of crowd) socket.destroy();
  const after = await waitFor("room for a viewer", enter, { timeoutMs: 30_000 });
  expect(await look(after)).toBeGreaterThan(0);
  expect(await look(before)).toBeGreaterThan(0);
  expect(await server.stopProcess()).toMatchObject({ code: 0 });
});
