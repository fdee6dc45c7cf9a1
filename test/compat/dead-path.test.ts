// A path that swallows everything without a word: both ends notice within 30 s, and find each other again.
import { afterEach, expect, test } from "vitest";
import { findFreePort } from "../support/free-port.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { isPortOpen } from "../support/is-port-open.ts";
import { startAgentProgram, startServerProgram } from "../support/postern.ts";
import { startProcess } from "../support/test-process.ts";
import { waitFor } from "../support/wait-for.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

/** Within 30 s of the last sign of life, and time to look. */
const NOTICED_MS = 31_500;
const FORWARD = `
  const [port, target] = process.argv.slice(1).map(Number);
  const net = require("node:net");
  net.createServer((one) => {
    const other = net.connect(target, "127.0.0.1");
    one.pipe(other).pipe(one);
    for (const socket of [one, other]) socket.on("error", () => (one.destroy(), other.destroy()));
  }).listen(port, "127.0.0.1");
`;

test("a forwarder that is stopped takes the desktop offline on both sides, and going on brings it back", async () => {
  const server = await startServerProgram(cleanup);
  const port = await findFreePort();
  const forwarder = startProcess(cleanup, process.execPath, [
    "-e",
    FORWARD,
    String(port),
    String(server.listen),
  ]);
  await forwarder.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
  const desktops = { far: "tcp:127.0.0.1:1" };
  const agent = await startAgentProgram(cleanup, server, { proxy: `127.0.0.1:${port}`, desktops });
  const isOnline = async () => (await server.listDesktops()).some(({ state }) => state === "online");
  expect(await isOnline()).toBe(true);

  forwarder.kill("SIGSTOP");
  const stoppedAt = performance.now();
  const [offlineMs, noticedMs] = await Promise.all([
    waitFor("offline", async () => !(await isOnline()), { timeoutMs: 60_000 }).then(
      () => performance.now() - stoppedAt,
    ),
    agent.process.waitForOutput(/PATH_DEAD/, 60_000).then(() => performance.now() - stoppedAt),
  ]);
  forwarder.kill("SIGCONT");
  expect(offlineMs).toBeLessThan(NOTICED_MS);
  expect(noticedMs).toBeLessThan(NOTICED_MS);
  await waitFor("online again", isOnline, { timeoutMs: 30_000 });
});
