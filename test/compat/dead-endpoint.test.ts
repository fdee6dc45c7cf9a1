// A VNC server on another host whose cable is pulled while somebody types: TCP would go on sending for a quarter of an hour.
import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { makeNetworkNamespace } from "../support/network-namespace.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { startAgentProgram, startServerProgram } from "../support/postern.ts";
import { runProcess, startProcess } from "../support/test-process.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const PORT = 5900;
/** Four times sent again, a look each second, and a busy machine. */
const NOTICED_MS = 12_000;
const VNC_SERVER = `
  const [host, port] = process.argv.slice(1);
  require("node:net").createServer((socket) => {
    socket.on("error", () => undefined);
    const answers = [Buffer.from([1, 1]), Buffer.alloc(4), Buffer.from("004000302018000100ff00ff00ff10080000000000000001", "hex"), Buffer.from("x")];
    socket.write("RFB 003.008\\n");
    let heard = 0;
    socket.on("data", (data) => {
      heard += data.length;
      if (heard >= 12 && answers.length === 4) socket.write(answers.shift());
      if (heard >= 13 && answers.length === 3) socket.write(answers.shift());
      if (heard >= 14 && answers.length === 2) socket.write(Buffer.concat(answers.splice(0)));
    });
  }).listen(Number(port), host, () => console.log("ready"));
`;

test("it is noticed within seconds, and what was typed never runs", async () => {
  const { inside, via } = await makeNetworkNamespace(cleanup);
  const [program = "", ...before] = via;
  const vnc = startProcess(cleanup, program, [
    ...before,
    process.execPath,
    "-e",
    VNC_SERVER,
    inside,
    String(PORT),
  ]);
  await vnc.waitForOutput(/ready/);
  const server = await startServerProgram(cleanup);
  const agent = await startAgentProgram(cleanup, server, { desktops: { far: `tcp:${inside}:${PORT}` } });
  const viewer = await connectRfb(cleanup, { port: server.rfb });
  await viewer.handshake({ password: await server.createToken("far") });

  await runProcess("ip", ["-n", via.at(-1) ?? "", "link", "set", "eth0", "down"]);
  viewer.write(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]));
  const typedAt = performance.now();
  await agent.process.waitForOutput(/does not answer any more/, 60_000);
  expect(performance.now() - typedAt).toBeLessThan(NOTICED_MS);
  const portInHex = `:${PORT.toString(16).toUpperCase()} `;
  await waitFor("the kernel to forget it", async () => {
    const table = await readFile("/proc/net/tcp", "utf8");
    return !table.includes(`${encode(inside)}${portInHex}`);
  });
});

function encode(address: string): string {
  return Buffer.from(address.split(".").map(Number)).swap32().toString("hex").toUpperCase();
}
