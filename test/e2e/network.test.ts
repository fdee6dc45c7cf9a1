import { afterAll, expect, it } from "vitest";
import {
  CLOSED_POLICY,
  networkPaths,
  parseException,
  prepareNetwork,
  probeNetwork,
  type MachineNetwork,
  type NetworkPolicy,
} from "../../launcher/network/index.ts";
import { parseRange } from "../../launcher/network/ranges.ts";
import { buildLinuxGuest } from "../support/guest/linux-guest.ts";
import { runGuest, writeAttempts, type Attempts } from "../support/guest/reach.ts";
import { Owner } from "../support/owner.ts";
import { startProcess } from "../support/process.ts";
import { HOST_NETWORKS, HOST_PORT, makeWorld, PLACES, PORT } from "../support/world/world.ts";

const owner = new Owner();
afterAll(() => owner.close());

/** Everything that must stay closed, by the addresses that lead a guest there. */
const CLOSED: Attempts = {
  loopback: ["10.0.2.2", HOST_PORT],
  loopback6: ["fec0::2", HOST_PORT],
  xvnc: ["10.0.2.2", 5901],
  hostPublic: [PLACES.hostPublic, HOST_PORT],
  hostPublic6: [PLACES.hostPublic6, HOST_PORT],
  hostPrivate: [PLACES.hostPrivate, HOST_PORT],
  private10: [PLACES.private10, PORT],
  private172: [PLACES.private172, PORT],
  private192: [PLACES.private192, PORT],
  carrier: [PLACES.carrier, PORT],
  linkLocal: [PLACES.linkLocal, PORT],
  uniqueLocal: [PLACES.uniqueLocal, PORT],
  neighbour: [PLACES.neighbour, PORT],
  neighbour6: [PLACES.neighbour6, PORT],
};
/** What only exists with the namespace: its way to the host's loopback, and the resolver's other ports. */
const INNER: Attempts = {
  outerHost: ["198.19.255.2", HOST_PORT],
  outerHost6: ["fd00::2", HOST_PORT],
  outerResolver: ["198.19.255.3", PORT],
};
const OPEN: Attempts = { internet: [PLACES.internet, PORT], internet6: [PLACES.internet6, PORT] };

const world = await makeWorld(owner);
const folder = await owner.makeFolder();
const guest = await buildLinuxGuest(folder, writeAttempts({ ...CLOSED, ...INNER, ...OPEN }));
await startOpenXvnc();

/** What the administrator opens, beside all that stays closed. */
const EXCEPTIONS = ["127.0.0.1:7001", "172.20.77.0/24:7000", "fd77::2", "45.77.0.1:22"];
const EXCEPTED: Attempts = {
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
  return runGuest(owner, guest, netdev, (command) => {
    const { program, args } = network?.wrap(command) ?? command;
    const [first = "", ...rest] = [...world.via, program, ...args];
    return { program: first, args: rest };
  });
}

function both(attempts: Attempts): string[] {
  return Object.keys(attempts).flatMap((name) => [`TCP ${name}`, `UDP ${name}`]);
}

/** A real VNC server without a password, on the loopback of the world's host. */
async function startOpenXvnc(): Promise<void> {
  const [program = "", ...via] = world.via;
  const args = ["-rfbport", "5901", "-localhost", "-SecurityTypes", "None", "-geometry", "320x200"];
  const options = { withExtraPipe: true };
  const xvnc = startProcess(owner, program, [...via, "Xvnc", "-displayfd", "3", ...args], options);
  await xvnc.waitForOutput(/Listening for VNC connections .*5901/);
}
