import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GuestAgent } from "../../support/guest-agent.ts";
import { systemClock } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
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
