// The namespaces of machines in a world of their own: the filter as QEMU's connections meet it, as root and not.
import { chmod, readFile } from "node:fs/promises";
import { afterAll, describe, expect, it } from "vitest";
import {
  parseException,
  parseForward,
  type NetworkPolicy,
} from "../../../launcher/network/network-policy.ts";
import { findSlirpProcess } from "../../../launcher/network/slirp-process.ts";
import { networkPaths, prepareNetwork } from "../../../launcher/network/prepare-network.ts";
import { openPortForwards } from "../../../launcher/network/port-forwards.ts";
import { probeNetwork, type NetworkAbility } from "../../../launcher/network/probe-network.ts";
import { refreshFilter } from "../../../launcher/network/refresh-filter.ts";
import type { Command } from "../../../launcher/system/child-process.ts";
import { parseRange } from "../../../launcher/model/ip-ranges.ts";
import { runAsAccount } from "../../../launcher/system/system-account.ts";
import { identifyProcess, isAlive } from "../../../launcher/system/proc-stat.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { startProcess, type TestProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { asUnprivilegedAccount } from "../../support/network/unprivileged.ts";
import {
  HOST_NETWORKS,
  HOST_PROBE_PORT,
  makeTestNetwork,
  PROBE_ADDRESSES,
  PROBE_PORT,
} from "../../support/network/test-network.ts";
import { CLOSED_POLICY } from "../../support/closed-policy.ts";

const PROBE_CLIENT = new URL("../../support/network/probe-client.mjs", import.meta.url).pathname;
const NOBODY = {
  kind: "account",
  account: { name: "nobody", uid: 65_534, gid: 65_534, groups: [] },
} as const;
const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

const testNetwork = await makeTestNetwork(cleanup);
const host = HOST_NETWORKS.flatMap((text) => parseRange(text) ?? []);
const privileged = await probeNetwork();
if (privileged.kind !== "namespace") throw new Error(JSON.stringify(privileged));
const modes = [
  ["as root", privileged, (command: Command) => command],
  ["without any right", { ...privileged, privileged: false }, asUnprivilegedAccount],
] as const;

/** Forms of the same few hosts that a filter might not know. */
const DISGUISES = [
  ...[
    "::ffff:127.0.0.1",
    "::ffff:10.77.0.2",
    "::ffff:169.254.77.2",
    "::ffff:45.77.0.1",
    "::1",
    "0.0.0.0",
    "::",
  ],
  ...["2002:a4d:2::1", "64:ff9b::a4d:2", "::10.77.0.2", "fe80::1%tap0", "198.19.255.100"],
];
const OPEN = [PROBE_ADDRESSES.internet, PROBE_ADDRESSES.internet6, `::ffff:${PROBE_ADDRESSES.internet}`];

describe.each(modes)("%s", (_title, ability, become) => {
  it("lets out what goes to the internet, and nothing else", async () => {
    expect(await visit(ability, become, CLOSED_POLICY)).toEqual(OPEN);
  });

  it("lets out what the administrator says", async () => {
    const texts = ["10.77.0.0/24:7000", "[fd77::2]:7000", "172.20.77.2:22", "127.0.0.1:7001", "[::1]:7001"];
    const policy = { ...CLOSED_POLICY, exceptions: texts.map(parseException) };
    const opened = [PROBE_ADDRESSES.private10, "fd77::2", "::ffff:10.77.0.2", "198.19.255.2", "fd00::2"];
    expect((await visit(ability, become, policy)).sort()).toEqual([...OPEN, ...opened].sort());
  });

  it("lets out to the host's loopback what was named of it, however wide the rest is", async () => {
    const exceptions = ["0.0.0.0/0", "::/0", "127.0.0.1:22", "[::1]:22"].map(parseException);
    const reached = await visit(ability, become, { ...CLOSED_POLICY, exceptions });
    expect(reached).toEqual(expect.arrayContaining([...OPEN, ...Object.values(PROBE_ADDRESSES)]));
    expect(reached.filter((address) => /^(198\.19|fd00|127|::1$|::ffff:127)/.test(address))).toEqual([]);
  });

  it("leaves a machine without internet in a namespace without any way", async () => {
    const inside = await start(ability, become, "isolated", CLOSED_POLICY, "w", ["ip", "-brief", "address"]);
    await inside.waitForExit();
    expect(inside.stdout.match(/^\S+/gm)).toEqual(["lo"]);
  });

  it("leaves QEMU no right over the filter", async () => {
    const inside = await start(ability, become, "internet", CLOSED_POLICY, "r", ["sh", "-c", NFT_ATTEMPT]);
    await inside.waitForExit();
    expect(inside.stdout.trim()).toBe("0000000000000000 refused");
  });

  it("ends with QEMU, and leaves QEMU when slirp4netns is killed", async () => {
    const one = await startQemu(ability, become, "e1");
    const other = await startQemu(ability, become, "e2");
    process.kill(one.qemu.pid, "SIGKILL");
    await waitFor("slirp4netns to follow QEMU", () => !isAlive(one.wayOut));
    process.kill(other.wayOut.pid, "SIGKILL");
    await waitFor("slirp4netns to be gone", () => !isAlive(other.wayOut));
    expect(isAlive(other.qemu)).toBe(true);
    expect(findSlirpProcess(other.qemu)).toBeNull();
  });

  it("forwards a port of the administrator's, once however often it is told", async () => {
    const policy = { ...CLOSED_POLICY, forwards: [parseForward("vm=tcp:127.0.0.1:8022:22")] };
    const server = "echo LISTENING; exec busybox nc -ll -p 8022 -e /bin/echo REACHED";
    const inside = await start(ability, become, "internet", policy, "f", ["sh", "-c", server]);
    await inside.waitForOutput(/LISTENING/);
    const { apiSocket } = networkPaths(inside.folder, "f");
    await openPortForwards(apiSocket, policy.forwards);
    await openPortForwards(apiSocket, policy.forwards);
    const [program = "", ...via] = testNetwork.via;
    const probe = startProcess(cleanup, program, [
      ...via,
      process.execPath,
      PROBE_CLIENT,
      "127.0.0.1",
      "8022",
    ]);
    await probe.waitForExit();
    expect(probe.stdout.trim()).toBe('["127.0.0.1"]');
    await inside.stop();
  });
});

it("leaves the host its mounts when a machine starts on it", async () => {
  const before = await listNamedNamespaces();
  expect(before.length).toBeGreaterThanOrEqual(2);
  const inside = await start(privileged, (command) => command, "internet", CLOSED_POLICY, "m", ["true"], []);
  await inside.waitForExit();
  expect(await listNamedNamespaces()).toEqual(expect.arrayContaining(before));
});

it("closes the host's new addresses to a machine that runs, and opens those it lost", async () => {
  const { qemu } = await startQemu(privileged, (command) => command, "n");
  const visitFrom = async (): Promise<string> => {
    const args = ["--target", String(qemu.pid), "--net", process.execPath, PROBE_CLIENT];
    const probe = startProcess(cleanup, "nsenter", [...args, PROBE_ADDRESSES.internet, String(PROBE_PORT)]);
    await probe.waitForExit();
    return probe.stdout.trim();
  };
  const fresh = parseRange("93.77.0.0/24")!;
  expect(await visitFrom()).toBe('["93.77.0.9"]');
  expect(await refreshFilter(qemu, privileged, [...host, fresh])).toBe(true);
  expect(await visitFrom()).toBe("[]");
  expect(await refreshFilter(qemu, privileged, host)).toBe(true);
  expect(await visitFrom()).toBe('["93.77.0.9"]');
});

const NFT_ATTEMPT =
  'c=$(sed -n "s/^CapEff:.//p" /proc/self/status); nft flush ruleset 2>/dev/null && echo "$c flushed" || echo "$c refused"';

async function visit(
  ability: NetworkAbility,
  become: (command: Command) => Command,
  policy: NetworkPolicy,
): Promise<string[]> {
  const places = Object.entries(PROBE_ADDRESSES).map(([name, address]) => [
    address,
    String(name.startsWith("host") ? HOST_PROBE_PORT : PROBE_PORT),
  ]);
  const targets = [
    ...places,
    ...DISGUISES.flatMap((address) => [
      [address, String(address.includes("10.77") ? PROBE_PORT : HOST_PROBE_PORT)],
    ]),
    ...[
      [`::ffff:${PROBE_ADDRESSES.internet}`, String(PROBE_PORT)],
      ["127.0.0.1", String(HOST_PROBE_PORT)],
    ],
    ...[
      ["198.19.255.2", String(HOST_PROBE_PORT)],
      ["fd00::2", String(HOST_PROBE_PORT)],
      ["198.19.255.3", "22"],
    ],
  ].flat();
  const inside = await start(ability, become, "internet", policy, "v", [
    process.execPath,
    PROBE_CLIENT,
    ...targets,
  ]);
  await inside.waitForExit();
  return JSON.parse(inside.stdout) as string[];
}

type Inside = TestProcess & { readonly folder: string };

/** Starts a program in QEMU's place, on the test network's host or, without `via`, on this one. */
async function start(
  ability: NetworkAbility,
  become: (command: Command) => Command,
  network: "internet" | "isolated",
  policy: NetworkPolicy,
  slot: string,
  [program = "", ...args]: readonly string[],
  via: readonly string[] = testNetwork.via,
): Promise<Inside> {
  const folder = await cleanup.makeFolder();
  await chmod(folder, 0o777);
  const machine = { name: "vm", network };
  const prepared = await prepareNetwork(machine, policy, ability, networkPaths(folder, slot), host);
  const qemu = { program: "/usr/bin/env", args: [program, ...args] };
  const command = become(
    prepared.wrap(ability.kind === "namespace" && ability.privileged ? runAsAccount(qemu, NOBODY) : qemu),
  );
  const [first = "", ...rest] = [...via, command.program, ...command.args];
  const inside = startProcess(cleanup, first, rest);
  return Object.assign(inside, { folder });
}

/** The mounts of this process that named network namespaces are. */
async function listNamedNamespaces(): Promise<string[]> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts.split("\n").flatMap((line) => /^\S+ \S+ \S+ \S+ (\/run\/netns\/\S+)/.exec(line)?.[1] ?? []);
}

/** A real QEMU that stands still. */
async function startQemu(ability: NetworkAbility, become: (command: Command) => Command, slot: string) {
  const args = ["-nodefaults", "-machine", "q35", "-accel", "tcg", "-m", "32M", "-display", "none", "-S"];
  const netdev = ["-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0", "-monitor", "stdio"];
  const program = ["qemu-system-x86_64", ...args, ...netdev];
  const inside = await start(ability, become, "internet", CLOSED_POLICY, slot, program);
  await inside.waitForOutput(/QEMU \d/);
  const qemu = identifyProcess(inside.pid)!;
  return { qemu, wayOut: await waitFor("slirp4netns", () => findSlirpProcess(qemu)) };
}
