import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { limitRequests, MAX_UNANSWERED } from "../../../../web/server/limit-requests.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { waitFor } from "../../../support/wait-for.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

async function open(
  answer: http.RequestListener,
): Promise<{ server: http.Server; dial: () => Promise<Socket> }> {
  const server = http.createServer(answer);
  limitRequests(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.add({
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await Promise.resolve();
    },
  });
  const dial = async (): Promise<Socket> => {
    const socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => undefined);
    cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
    await once(socket, "connect");
    return socket;
  };
  return { server, dial };
}

test("X6: a connection with many requests under way is closed, and the rest of them is not even parsed", async () => {
  let handled = 0;
  const { dial } = await open(() => (handled += 1));
  const socket = await dial();
  socket.write(GET.repeat(2000));
  socket.resume();
  await once(socket, "close");
  expect(handled).toBeGreaterThanOrEqual(MAX_UNANSWERED);
  expect(handled).toBeLessThan(100);
});

test("one request after the other, however long their bodies and however they are cut, goes on as before", async () => {
  const { dial } = await open((request, response) => {
    let length = 0;
    request.on("data", (chunk: Buffer) => (length += chunk.length));
    request.on("end", () => response.end(`got ${length}`));
  });
  const socket = await dial();
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  for (const length of [0, 1, 200_000, 1023, 1024]) {
    heard = "";
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(Buffer.alloc(length));
    await waitFor("the answer", () => heard.endsWith(`got ${length}`) || heard.includes(`got ${length}\r\n`));
  }
});

test("what follows an upgrade in the same packet is the next reader's, whole and in order", async () => {
  const { server, dial } = await open(() => undefined);
  const parts: Buffer[] = [];
  server.on("upgrade", (_request, socket, head: Buffer) => {
    socket.unshift(head);
    socket.on("data", (chunk: Buffer) => parts.push(chunk));
  });
  const socket = await dial();
  const after = Buffer.from(Array.from({ length: 5000 }, (_, n) => n & 255));
  const head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  socket.write(Buffer.concat([Buffer.from(head), after]));
  await waitFor("all of it", () => Buffer.concat(parts).length === after.length);
  expect(Buffer.concat(parts).equals(after)).toBe(true);
});
