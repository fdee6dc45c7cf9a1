// A viewer whose cable is pulled says nothing any more; its session ends within 30 s, though nothing is being sent.
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { makeNetworkNamespace } from "../support/network-namespace.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { startAgentProgram, startServerProgram } from "../support/postern.ts";
import { runProcess, startProcess } from "../support/test-process.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const NOTICED_MS = 31_500;
const BRIDGE = `
  const [socket, host, port] = process.argv.slice(1);
  const net = require("node:net");
  net.createServer((one) => {
    const other = net.connect(Number(port), host);
    one.pipe(other).pipe(one);
    for (const end of [one, other]) end.on("error", () => (one.destroy(), other.destroy()));
  }).listen(socket, () => console.log("ready"));
`;

interface AuditRow {
  readonly reason: string | null;
}

test("an idle viewer that is gone without a word is noticed", async () => {
  const { address, via } = await makeNetworkNamespace(cleanup);
  const server = await startServerProgram(cleanup, { args: ["--rfb-listen", `${address}:0`] });
  const xvnc = await startXvnc(cleanup);
  await startAgentProgram(cleanup, server, { desktops: { far: xvnc.endpoint } });
  const password = await server.createToken("far");
  const socket = path.join(await cleanup.makeFolder(), "bridge");
  const [program = "", ...before] = via;
  const bridge = startProcess(cleanup, program, [
    ...before,
    process.execPath,
    "-e",
    BRIDGE,
    socket,
    address,
    String(server.rfb),
  ]);
  await bridge.waitForOutput(/ready/);
  const viewer = await connectRfb(cleanup, { path: socket });
  await viewer.handshake({ password });
  viewer.requestUpdate();
  await viewer.readUpdate();

  await runProcess("ip", ["-n", via.at(-1) ?? "", "link", "set", "eth0", "down"]);
  const pulledAt = performance.now();
  const endings = (): Promise<AuditRow[]> => server.ask("audit", "list", "--action", "session.end");
  const [ended] = await waitFor(
    "the end of the session",
    async () => {
      const rows = await endings();
      return rows.length > 0 && rows;
    },
    { timeoutMs: 60_000 },
  );
  expect(performance.now() - pulledAt).toBeLessThan(NOTICED_MS);
  expect(ended?.reason).toBe("VIEWER_LOST");
});
