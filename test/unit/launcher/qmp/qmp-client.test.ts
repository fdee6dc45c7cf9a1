import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connectQmp, type QmpClient } from "../../../../launcher/qmp/qmp-client.ts";
import type { QmpEvent } from "../../../../launcher/qmp/qmp-messages.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const GREETING = '{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}\r\n';

interface Command {
  readonly execute: string;
  readonly id: number;
  readonly arguments: unknown;
}

describe("the QMP client", () => {
  let folder: string;
  let path: string;
  let server: Server;
  let peer: Socket;
  let answer: (command: Command) => string;
  let clock: ManualClock;
  const events: QmpEvent[] = [];
  const clients: QmpClient[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pt-"));
    path = join(folder, "qmp");
    clock = new ManualClock();
    events.length = 0;
    answer = ({ id }) => `{"return": {}, "id": ${id}}\r\n`;
    server = createServer((socket) => {
      peer = socket;
      socket.on("error", () => undefined);
      socket.write(GREETING);
      socket.on("data", (chunk) => {
        for (const line of chunk.toString().trim().split("\n"))
          socket.write(answer(JSON.parse(line) as Command));
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  async function open(): Promise<QmpClient> {
    const client = await connectQmp(path, { timeoutMs: 5000, clock, onEvent: (event) => events.push(event) });
    clients.push(client);
    return client;
  }

  test("greets, runs commands, passes answers and refusals to who asked", async () => {
    const client = await open();
    answer = ({ id, execute, arguments: args }) =>
      execute === "bad"
        ? `{"error": {"class": "GenericError", "desc": "no"}, "id": ${id}}\r\n`
        : `${JSON.stringify({ return: { execute, args }, id })}\r\n`;
    const [first, second] = [client.execute("one", { a: 1 }), client.execute("bad")];
    await expect(first).resolves.toEqual({ execute: "one", args: { a: 1 } });
    await expect(second).rejects.toMatchObject({ code: "QMP_REFUSED" });
    expect(clock.pending).toBe(0);
  });

  test("reads events between answers, in pieces of any size", async () => {
    await open();
    const text =
      '{"timestamp": {"seconds": 1}, "event": "RESET", "data": {"guest": true}}\r\n{"event": "STOP"}\r\n';
    for (const character of text) peer.write(character);
    await vi.waitFor(() => {
      expect(events.map(({ name }) => name)).toEqual(["RESET", "STOP"]);
    });
    expect(events[0]!.data).toEqual({ guest: true });
  });

  test("a server that is busy with another client says nothing: it times out", async () => {
    server.removeAllListeners("connection");
    const arrived = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const opening = open();
    opening.catch(() => undefined);
    const socket = await arrived;
    clock.advance(5000);
    await expect(opening).rejects.toMatchObject({ code: "QMP_TIMEOUT" });
    socket.destroy();
  });

  test("a command that is never answered times out, and the end of QMP ends all that wait", async () => {
    const client = await open();
    answer = () => "";
    const slow = client.execute("slow");
    slow.catch(() => undefined);
    clock.advance(10_000);
    await expect(slow).rejects.toMatchObject({ code: "QMP_TIMEOUT" });
    const cut = client.execute("cut");
    cut.catch(() => undefined);
    peer.destroy();
    await expect(cut).rejects.toMatchObject({ code: "QMP_CLOSED" });
    await client.closed;
    await expect(client.execute("late")).rejects.toMatchObject({ code: "QMP_CLOSED" });
  });

  test.each([
    ["no JSON", "}\r\n"],
    ["a line without end", "x".repeat(1024 * 1024 + 1)],
  ])("%s closes the connection", async (_what, text) => {
    const client = await open();
    peer.write(text);
    await client.closed;
  });

  test("nobody there", async () => {
    await expect(
      connectQmp(join(folder, "none"), { timeoutMs: 1, clock, onEvent: () => undefined }),
    ).rejects.toMatchObject({ code: "QMP_CLOSED" });
  });
});
