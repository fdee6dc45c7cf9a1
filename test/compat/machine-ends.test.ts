// How machines end, and where they are put, with real hosts and guests: by ACPI when their time is over, a minute after the
// last viewer, at once when told to; a full host and a dead one are passed over.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Machine } from "../../web/index.ts";
import { COUNTER, writeBootDisk } from "../support/boot-sector.ts";
import { buildModuleGuest } from "../support/guest/module-guest.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  type PosternProgram,
  type PosternServer,
  startHostProgram,
  startServerProgram,
} from "../support/postern.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";

/** Switches itself off when somebody presses the power button, and says so. */
const SCRIPT = `
for event in /sys/class/input/event*; do
  if [ "$(cat $event/device/name)" = "Power Button" ]; then button=/dev/input/$(basename $event); fi
done
echo "waits at $button"
dd bs=24 count=1 <$button >/dev/null 2>&1
echo "the power button was pressed"
`;
/** How long a one-shot machine outlives its last viewer. */
const IDLE_MS = 60_000;
/** Hosts are asked again long before. */
const RETRY_MS = 60_000;

const cleanup = new CleanupStack();
let server: PosternServer;
let second: PosternProgram;

beforeAll(async () => {
  const folder = await cleanup.makeFolder();
  const file = join(folder, "counter.raw");
  await writeBootDisk(file, COUNTER);
  const { kernel, initrd } = await buildModuleGuest(folder, ["button", "evdev"], SCRIPT);
  const small = { description: "", cpus: { default: 1, min: 1 } };
  const linux = { kind: "kernel", kernel, initrd, cmdline: "console=ttyS0 quiet panic=-1" };
  const images = [
    { ...small, id: "linux", title: "Linux", memoryMb: { default: 256, min: 16 }, boot: linux },
    {
      ...{ ...small, id: "counter", title: "Counter", memoryMb: { default: 32, min: 16 } },
      boot: { kind: "disk", format: "raw", file },
    },
  ];
  const catalogue = join(folder, "catalogue.json");
  await writeFile(catalogue, JSON.stringify({ images }));
  server = await startServerProgram(cleanup);
  const start = (name: string, most: string): Promise<PosternProgram> =>
    startHostProgram(cleanup, server, {
      catalogue,
      args: ["--accel", "tcg", "--name", name, "--max-instances", most],
    });
  await start("rack-1", "2");
  second = await start("rack-2", "1");
});
afterAll(() => cleanup.close());

function create(image: string, name: string, ...more: string[]): Promise<Machine> {
  return server.ask("vm", "create", image, "--name", name, "--network", "none", ...more);
}

async function find(name: string): Promise<Machine | undefined> {
  return (await server.ask<Machine[]>("vm", "list")).find((machine) => machine.name === name);
}

function awaitState(name: string, state: Machine["state"], timeoutMs = 120_000): Promise<Machine> {
  return waitFor(
    `${name} to be ${state}`,
    async () => {
      const machine = await find(name);
      return machine?.state === state ? machine : undefined;
    },
    { timeoutMs },
  );
}

const isGone = async (name: string): Promise<boolean> => (await find(name)) === undefined;
const hear = async (name: string): Promise<string> =>
  (await server.ask<{ text: string }>("vm", "boot-log", name)).text;

test("a machine whose time is over has its power button pressed first", async () => {
  await create("linux", "timed", "--lifetime", "90");
  await waitFor("the guest", async () => (await hear("timed")).includes("waits at /dev/input/event"), {
    timeoutMs: 80_000,
  });
  expect(await hear("timed")).not.toContain("pressed");
  const { reason, cause } = await awaitState("timed", "stopped", 150_000);
  expect(await hear("timed")).toMatch(/the power button was pressed\s+GUEST-DONE/);
  expect({ reason, cause }).toMatchObject({
    reason: "Its time was over.",
    cause: { code: "MACHINE_EXPIRED" },
  });
  await server.ask("vm", "remove", "timed");
}, 300_000);

test("a one-shot machine outlives its last viewer by a minute, and nothing of it stays", async () => {
  await create("counter", "once", "--one-shot", "--wait");
  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  await viewer.handshake({ password: await server.createToken("once") });
  await waitFor("the viewer to be seen", async () => (await find("once"))?.viewers === 1);
  const left = performance.now();
  await viewer.stop();
  await waitFor("its end", () => isGone("once"), { timeoutMs: IDLE_MS + 60_000 });
  expect(performance.now() - left).toBeGreaterThan(IDLE_MS - 1000);
}, 240_000);

test("told to stop, a one-shot machine is gone without that wait", async () => {
  await create("counter", "told", "--one-shot", "--wait");
  const told = performance.now();
  await server.ask("vm", "stop", "told", "--force");
  await waitFor("its end", () => isGone("told"), { timeoutMs: IDLE_MS });
  expect(performance.now() - told).toBeLessThan(IDLE_MS);
});

test("a full host and a dead one are passed over, and a machine waits with their reasons", async () => {
  const hosts: (string | null)[] = [];
  for (const name of ["a", "b", "c"]) hosts.push((await create("counter", name, "--wait")).host);
  expect(hosts.toSorted()).toEqual(["rack-1", "rack-1", "rack-2"]);
  await create("counter", "d");
  const full = await waitFor(
    "the reasons",
    async () => {
      const machine = await find("d");
      return machine?.tried.length === 2 ? machine : undefined;
    },
    { timeoutMs: RETRY_MS },
  );
  expect(full.state).toBe("queued");
  expect(full.tried).toContainEqual({ host: "rack-1", why: "2 of 2 machines run" });
  expect(full.tried).toContainEqual({ host: "rack-2", why: "1 of 1 machines run" });

  await second.stop();
  await waitFor(
    "the dead host's reason",
    async () => {
      const why = (await find("d"))?.tried.find(({ host }) => host === "rack-2")?.why;
      return why?.startsWith("down since") ?? false;
    },
    { timeoutMs: RETRY_MS },
  );
  await server.ask("vm", "stop", ["a", "b"][hosts.indexOf("rack-1")] ?? "c", "--force");
  expect((await awaitState("d", "running")).host).toBe("rack-1");
});
