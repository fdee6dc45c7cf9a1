import { mkdirSync } from "node:fs";
import { createServer, isIP, type Socket } from "node:net";
import { getEventListeners, once } from "node:events";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readGuestAddresses, setGuestTime } from "../../../launcher/guest-agent/guest-requests.ts";
import { GuestWatcher } from "../../../launcher/machine/guest-watcher.ts";
import type { Lifecycle } from "../../../launcher/model/lifecycle.ts";
import { GuestAgent } from "../../support/guest-agent.ts";
import { systemClock, type Clock } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { startProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";

let cleanup: CleanupStack;
let folder: string;
let socket: string;
beforeEach(async () => {
  cleanup = new CleanupStack();
  folder = await cleanup.makeFolder();
  socket = join(folder, "ga");
});
afterEach(() => cleanup.close());

/** Debian's qemu-ga; its channel is a Unix socket here, as QEMU makes one of the guest's port. */
async function startAgent(): Promise<GuestAgent> {
  mkdirSync(join(folder, "state"));
  const args = ["-m", "unix-listen", "-p", socket, "-t", join(folder, "state"), "-f", join(folder, "pid")];
  startProcess(cleanup, "/usr/sbin/qemu-ga", args);
  const agent = await waitFor("the agent", () => GuestAgent.open(socket, systemClock).catch(() => undefined));
  cleanup.add({
    stop: () => {
      agent.close();
      return Promise.resolve();
    },
  });
  return agent;
}

describe("the real agent", () => {
  test("answers, and runs programs with input, output and exit code", async () => {
    const agent = await startAgent();
    await agent.ping();
    const input = Buffer.from("tiger\n");
    const said = await agent.execute("/bin/sh", ["-c", "cat; echo oops >&2; exit 3"], { input });
    expect(said).toEqual({ exitCode: 3, stdout: input, stderr: Buffer.from("oops\n") });
    expect((await agent.execute("/bin/sh", ["-c", "kill -9 $$"])).exitCode).toBeNull();
    await expect(agent.execute("/no/such", [])).rejects.toMatchObject({ code: "GUEST_AGENT_REFUSED" });
    await expect(agent.execute("/bin/sleep", ["30"], { timeoutMs: 1 })).rejects.toMatchObject({
      code: "GUEST_PROGRAM",
    });
    await agent.ping();
  });

  test("writes and reads files, longer ones in portions, none that is too long", async () => {
    const agent = await startAgent();
    const data = Buffer.alloc(2_500_000, "0123456789abc");
    const file = join(folder, "file");
    await agent.writeFile(file, data);
    expect((await agent.readFile(file, data.length)).equals(data)).toBe(true);
    await expect(agent.readFile(file, data.length - 1)).rejects.toMatchObject({ code: "GUEST_FILE" });
    await expect(agent.readFile(join(folder, "none"), 10)).rejects.toMatchObject({
      code: "GUEST_AGENT_REFUSED",
    });
    await agent.ping();
  });
});

test("a guest without an agent is silent, and leftovers of an earlier conversation are passed over", async () => {
  const server = createServer((peer) => {
    peer.on("data", (chunk: Buffer) => {
      const id = /"id":(\d+)/.exec(chunk.toString("latin1"))?.[1];
      if (id !== undefined) {
        peer.write('{"return": {}}\n');
        peer.write(
          Buffer.concat([Buffer.from('{"ret'), Buffer.of(0xff), Buffer.from(`{"return": ${id}}\n`)]),
        );
      } else if (chunk.includes("guest-ping")) peer.write('{"return": {}}\n');
    });
  }).listen(socket);
  await once(server, "listening");
  cleanup.add({ stop: () => new Promise((resolve) => server.close(resolve)) });
  const agent = await GuestAgent.open(socket, systemClock);
  await agent.ping();
  agent.close();
  await expect(agent.ping()).rejects.toMatchObject({ code: "GUEST_AGENT_CLOSED" });

  const deaf = join(folder, "deaf");
  const listener = createServer((peer) => peer.resume()).listen(deaf);
  await once(listener, "listening");
  cleanup.add({ stop: () => new Promise((resolve) => listener.close(resolve)) });
  await expect(GuestAgent.open(deaf, systemClock, 20)).rejects.toMatchObject({ code: "GUEST_AGENT_SILENT" });
  await expect(GuestAgent.open(join(folder, "none"), systemClock)).rejects.toMatchObject({
    code: "GUEST_AGENT_CLOSED",
  });
});

/** Answers as an agent does, and keeps what it was asked. */
async function startFakeAgent(interfaces: unknown): Promise<{ execute: string; arguments: unknown }[]> {
  const asked: { execute: string; arguments: unknown }[] = [];
  const server = createServer((peer) => {
    peer.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString("latin1").replaceAll("\u00ff", "").split("\n").filter(Boolean)) {
        const request = JSON.parse(line) as { execute: string; arguments: { id?: number } };
        if (request.execute === "guest-sync-delimited") {
          peer.write(Buffer.concat([Buffer.of(0xff), Buffer.from(`{"return": ${request.arguments.id}}\n`)]));
          continue;
        }
        asked.push(request);
        const answer = request.execute === "guest-set-time" ? {} : interfaces;
        peer.write(`${JSON.stringify({ return: answer })}\n`);
      }
    });
  }).listen(socket);
  await once(server, "listening");
  cleanup.add({ stop: () => new Promise((resolve) => server.close(resolve)) });
  return asked;
}

test("the real agent's addresses are those of its network cards, without loopback", async () => {
  const agent = await startAgent();
  agent.close();
  const addresses = await readGuestAddresses({
    ...{ socket, clock: systemClock, signal: new AbortController().signal },
  });
  expect(addresses.filter((one) => isIP(one) === 0 || one === "127.0.0.1" || one === "::1")).toEqual([]);
});

describe("a running guest", () => {
  const lifecycle: Lifecycle = { state: "running" };
  const guest = { agent: true, clipboard: false };
  const log = pino({ level: "silent" });

  function watch(
    changes: object,
    onAddresses: () => void = () => undefined,
    clock: Clock = systemClock,
  ): GuestWatcher {
    const spec = { id: "m1", guest, network: "isolated" as const, ...changes };
    const watcher = new GuestWatcher(
      { spec, paths: { guestAgentSocket: socket }, lifecycle },
      { clock, log, onAddresses },
    );
    cleanup.add({ stop: async () => Promise.resolve(watcher.stop()) });
    return watcher;
  }

  test("gets the host's time when it has stood still", async () => {
    const asked = await startFakeAgent([]);
    const before = Date.now();
    watch({}).adjustClock();
    const [request] = await waitFor("the request", () => (asked.length > 0 ? asked : undefined));
    const { time } = request!.arguments as { time: number };
    expect(request!.execute).toBe("guest-set-time");
    expect(time / 1e6).toBeGreaterThanOrEqual(before);
    expect(time / 1e6).toBeLessThanOrEqual(Date.now());
  });

  test("says its addresses: what is none, and what leads nowhere, is left out", async () => {
    const texts = [
      "10.0.2.15",
      "127.0.0.1",
      "fe80::1",
      "fd00::15",
      "10.0.2.15",
      "<b>",
      "169.254.1.1",
      "2001:db8::1%x",
    ];
    await startFakeAgent([
      { name: "eth0", "ip-addresses": texts.map((text) => ({ "ip-address": text })) },
      {},
    ]);
    let told = 0;
    const watcher = watch({}, () => (told += 1));
    watcher.start();
    await waitFor("the addresses", () => (told > 0 ? true : undefined));
    expect(watcher.addresses).toEqual(["10.0.2.15", "fd00::15"]);
    watcher.stop();
    expect(watcher.addresses).toEqual([]);
  });

  test("is not spoken to where its image has no agent, and hurts nobody where it answers nonsense", async () => {
    const asked = await startFakeAgent("nonsense");
    const silent = watch({ guest: { ...guest, agent: false } });
    silent.adjustClock();
    silent.start();
    const talking = watch({});
    talking.start();
    talking.adjustClock();
    await waitFor("both requests", () => (asked.length === 2 ? true : undefined));
    expect(asked.map(({ execute }) => execute)).toEqual(["guest-network-get-interfaces", "guest-set-time"]);
    expect(talking.addresses).toEqual([]);
  });

  test("is asked again when it has answered, not before: nothing of a conversation stays", async () => {
    const clock = new ManualClock();
    let conversations = 0;
    const peers: Socket[] = [];
    const server = createServer((peer) => {
      conversations += 1;
      peers.push(peer);
      peer.on("error", () => undefined).resume();
    }).listen(socket);
    await once(server, "listening");
    cleanup.add({ stop: () => new Promise((resolve) => server.close(resolve)) });
    const watcher = watch({}, undefined, clock);
    watcher.start();
    await waitFor("a conversation", () => (conversations === 1 ? true : undefined));
    watcher.start();
    watcher.start();
    clock.advance(5000);
    // The timer of the next question alone.
    await waitFor("its end", () => (clock.pending === 1 && peers[0]!.closed ? true : undefined));
    expect(conversations).toBe(1);
    clock.advance(15_000);
    await waitFor("the next", () => (conversations === 2 ? true : undefined));
  });

  test("that sends leftovers without end is given up after a while, and its socket is left alone", async () => {
    let waits = 0;
    const clock = new (class extends ManualClock {
      override after(ms: number, run: () => void): () => void {
        waits += 1;
        return super.after(ms, run);
      }
    })();
    const peers: Socket[] = [];
    const server = createServer((peer) => {
      peers.push(peer);
      peer.on("error", () => undefined).resume();
    }).listen(socket);
    await once(server, "listening");
    cleanup.add({ stop: () => new Promise((resolve) => server.close(resolve)) });
    const { signal } = new AbortController();
    const asked = readGuestAddresses({ socket, clock, signal });
    const failed = expect(asked).rejects.toThrow("the guest agent's conversation has no end");
    await waitFor("a conversation", () => peers[0]);
    // A line in each four seconds: no single answer is late.
    for (let turn = 0; turn < 3; turn += 1) {
      const before = waits;
      peers[0]!.write("{}\n");
      await waitFor("the next answer's deadline", () => (waits > before ? true : undefined));
      clock.advance(4000);
    }
    await failed;
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("cannot fill logs with its errors", async () => {
    const server = createServer((peer) => {
      peer.on("data", (chunk: Buffer) => {
        const id = /"id":(\d+)/.exec(chunk.toString("latin1"))?.[1];
        const said =
          id === undefined ? { error: { class: "x", desc: "y".repeat(1e6) } } : { return: Number(id) };
        peer.write(
          Buffer.concat([Buffer.of(0xff), Buffer.from(`${JSON.stringify(said)}\n`)].slice(id ? 0 : 1)),
        );
      });
    }).listen(socket);
    await once(server, "listening");
    cleanup.add({ stop: () => new Promise((resolve) => server.close(resolve)) });
    const { signal } = new AbortController();
    const asked = setGuestTime({ socket, clock: systemClock, signal });
    const error = await asked.then(
      () => undefined,
      (cause: unknown) => cause as Error,
    );
    expect(error).toMatchObject({ code: "GUEST_AGENT_REFUSED" });
    expect(error?.message.length).toBeLessThan(400);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
