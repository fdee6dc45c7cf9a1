import { readFile } from "node:fs/promises";
import net, { type AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { findRetransmissions } from "../../../../protocol/index.ts";
import { watchEndpointTcp } from "../../../../agent/serve/endpoint-tcp.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

test.runIf(process.platform === "linux")(
  "a connection of this process is found in the kernel's table",
  async () => {
    const listener = net.createServer((socket) => {
      socket.on("error", () => undefined).pause();
      cleanup.add({ stop: () => Promise.resolve(void socket.destroy()) });
    });
    cleanup.add({ stop: () => Promise.resolve(void listener.close()) });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as AddressInfo;
    const socket = net.connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    // More than both ends' buffers hold: something waits for as long as nobody reads.
    socket.write(Buffer.alloc(64 * 1024 * 1024));
    const { localPort = 0, remoteAddress = "" } = socket;
    const table = await readFile("/proc/self/net/tcp", "latin1");
    expect(findRetransmissions(table, { localPort, remoteAddress, remotePort: port })).toBe(0);

    const far = watchEndpointTcp({ kind: "tcp", host: "10.9.3.2", port }, socket);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    far?.reset();
    await closed;
    expect(await far?.countRetransmissions()).toBeNull();
  },
);

test("what does not leave this host is not watched", () => {
  const socket = new net.Socket();
  expect(watchEndpointTcp({ kind: "unix", path: "/run/vnc" }, socket)).toBeNull();
  expect(watchEndpointTcp({ kind: "tcp", host: "localhost", port: 5900 }, socket)).toBeNull();
});
