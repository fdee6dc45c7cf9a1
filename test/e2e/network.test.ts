import { afterAll, expect, it } from "vitest";
import { parseException, type NetworkPolicy } from "../../launcher/network/network-policy.ts";
import { networkPaths, prepareNetwork, type MachineNetwork } from "../../launcher/network/prepare-network.ts";
import { probeNetwork } from "../../launcher/network/probe-network.ts";
import { parseRange } from "../../launcher/model/ip-ranges.ts";
import { buildLinuxGuest } from "../support/guest/linux-guest.ts";
import {
  runReachabilityGuest,
  writeReachabilityScript,
  type ReachabilityTargets,
} from "../support/guest/reachability.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { startProcess } from "../support/test-process.ts";
import {
  HOST_NETWORKS,
  HOST_PROBE_PORT,
  makeTestNetwork,
  PROBE_ADDRESSES,
  PROBE_PORT,
} from "../support/network/test-network.ts";
import { CLOSED_POLICY } from "../support/closed-policy.ts";

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

/** Everything that must stay closed, by the addresses that lead a guest there. */
const CLOSED: ReachabilityTargets = {
  loopback: ["10.0.2.2", HOST_PROBE_PORT],
  loopback6: ["fec0::2", HOST_PROBE_PORT],
  xvnc: ["10.0.2.2", 5901],
  hostPublic: [PROBE_ADDRESSES.hostPublic, HOST_PROBE_PORT],
  hostPublic6: [PROBE_ADDRESSES.hostPublic6, HOST_PROBE_PORT],
  hostPrivate: [PROBE_ADDRESSES.hostPrivate, HOST_PROBE_PORT],
  private10: [PROBE_ADDRESSES.private10, PROBE_PORT],
  private172: [PROBE_ADDRESSES.private172, PROBE_PORT],
  private192: [PROBE_ADDRESSES.private192, PROBE_PORT],
  carrier: [PROBE_ADDRESSES.carrier, PROBE_PORT],
  linkLocal: [PROBE_ADDRESSES.linkLocal, PROBE_PORT],
  uniqueLocal: [PROBE_ADDRESSES.uniqueLocal, PROBE_PORT],
  neighbour: [PROBE_ADDRESSES.neighbour, PROBE_PORT],
  neighbour6: [PROBE_ADDRESSES.neighbour6, PROBE_PORT],
};
/** What only exists with the namespace: its way to the host's loopback, and the resolver's other ports. */
const INNER: ReachabilityTargets = {
  outerHost: ["198.19.255.2", HOST_PROBE_PORT],
  outerHost6: ["fd00::2", HOST_PROBE_PORT],
  outerResolver: ["198.19.255.3", PROBE_PORT],
};
const OPEN: ReachabilityTargets = {
  internet: [PROBE_ADDRESSES.internet, PROBE_PORT],
  internet6: [PROBE_ADDRESSES.internet6, PROBE_PORT],
};

const testNetwork = await makeTestNetwork(cleanup);
const folder = await cleanup.makeFolder();
const guest = await buildLinuxGuest(folder, writeReachabilityScript({ ...CLOSED, ...INNER, ...OPEN }));
await startOpenXvnc();

/** What the administrator opens, beside all that stays closed. */
const EXCEPTIONS = ["127.0.0.1:7001", "172.20.77.0/24:7000", "fd77::2", "45.77.0.1:22"];
const EXCEPTED: ReachabilityTargets = {
  outerHost: INNER.outerHost!,
  private172: CLOSED.private172!,
  uniqueLocal: CLOSED.uniqueLocal!,
};

it("reaches everything from QEMU's plain user network, and from a machine's only what it may", async () => {
  const [plain, filtered] = await Promise.all([reach(null), prepare().then(reach)]);
  // What waits there does answer; a VNC server has no UDP.
  const everything = [...both(CLOSED).filter((line) => line !== "UDP xvnc"), ...both(OPEN), "DNS resolver"];
  expect(plain).toEqual(everything.sort());
  expect(filtered).toEqual([...both(EXCEPTED), ...both(OPEN), "DNS resolver"].sort());
});

async function prepare(): Promise<MachineNetwork> {
  const policy: NetworkPolicy = { ...CLOSED_POLICY, exceptions: EXCEPTIONS.map(parseException) };
  const host = HOST_NETWORKS.flatMap((text) => parseRange(text) ?? []);
  const machine = { name: "vm", network: "internet" } as const;
  return prepareNetwork(machine, policy, await probeNetwork(), networkPaths(folder, "vm"), host);
}

/** Starts a guest on the world's host. */
function reach(network: MachineNetwork | null): Promise<string[]> {
  const netdev = network?.netdev ?? ["-netdev", "user,id=net0"];
  return runReachabilityGuest(cleanup, guest, netdev, (command) => {
    const { program, args } = network?.wrap(command) ?? command;
    const [first = "", ...rest] = [...testNetwork.via, program, ...args];
    return { program: first, args: rest };
  });
}

function both(attempts: ReachabilityTargets): string[] {
  return Object.keys(attempts).flatMap((name) => [`TCP ${name}`, `UDP ${name}`]);
}

/** A real VNC server without a password, on the loopback of the world's host. */
async function startOpenXvnc(): Promise<void> {
  const [program = "", ...via] = testNetwork.via;
  const args = ["-rfbport", "5901", "-localhost", "-SecurityTypes", "None", "-geometry", "320x200"];
  const options = { withExtraPipe: true };
  const xvnc = startProcess(cleanup, program, [...via, "Xvnc", "-displayfd", "3", ...args], options);
  await xvnc.waitForOutput(/Listening for VNC connections .*5901/);
}
