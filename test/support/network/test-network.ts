import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { CleanupStack } from "../cleanup-stack.ts";
import { runProcess, startProcess, type TestProcess } from "../test-process.ts";
import { waitFor } from "../wait-for.ts";

const PROBE_SERVER = fileURLToPath(new URL("probe-server.mjs", import.meta.url));

/** Where something waits in the world: at every one of these addresses somebody answers on {@link PROBE_PORT}. */
export const PROBE_ADDRESSES = {
  private10: "10.77.0.2",
  private172: "172.20.77.2",
  private192: "192.168.77.2",
  carrier: "100.64.77.2",
  linkLocal: "169.254.77.2",
  uniqueLocal: "fd77::2",
  /** A neighbour in the host's own network, though its address is a public one. */
  neighbour: "45.77.0.2",
  neighbour6: "2a00:77::2",
  /** The host itself, by its public and private addresses. */
  hostPublic: "45.77.0.1",
  hostPublic6: "2a00:77::1",
  hostPrivate: "10.77.0.1",
  internet: "93.77.0.9",
  internet6: "2606:77::9",
} as const;
export const PROBE_PORT = 7000;
/** What waits on the host's own addresses and its loopback. */
export const HOST_PROBE_PORT = 7001;
/** As {@link PROBE_ADDRESSES} has them: what `findHostRanges` would find on this host. */
export const HOST_NETWORKS = [
  ...["10.77.0.0/24", "172.20.77.0/24", "192.168.77.0/24", "100.64.77.0/24", "169.254.0.0/16"],
  ...["45.77.0.0/24", "127.0.0.0/8", "::1/128", "fd77::/64", "2a00:77::/64", "fe80::/64"],
];

/** A host, its neighbours and an internet, in namespaces; nothing leads out of them. Needs root. */
export interface TestNetwork {
  /** What goes before a command that is to run on the host in there. */
  readonly via: readonly string[];
  /** What its servers say: one line for each visit. */
  readonly outside: TestProcess;
  readonly host: TestProcess;
}

let made = 0;

export async function makeTestNetwork(cleanup: CleanupStack): Promise<TestNetwork> {
  made += 1;
  const [host, outside] = ["h", "o"].map((side) => `pw${process.pid}-${made}${side}`) as [string, string];
  for (const name of [host, outside]) {
    await run("ip", "netns", "add", name);
    cleanup.add({ stop: () => run("ip", "netns", "delete", name) });
    await run("ip", "-n", name, "link", "set", "lo", "up");
  }
  await run(
    "ip",
    "-n",
    host,
    "link",
    "add",
    "eth0",
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    outside,
  );
  await batch(host, [
    ...["10.77.0.1/24", "172.20.77.1/24", "192.168.77.1/24", "100.64.77.1/24", "169.254.77.1/16"].map(
      addAddress,
    ),
    ...["45.77.0.1/24", "fd77::1/64", "2a00:77::1/64"].map(addAddress),
    "link set eth0 up",
    "route add default via 45.77.0.2",
    "route add ::/0 via 2a00:77::2",
  ]);
  await batch(outside, [
    ...["10.77.0.2/24", "172.20.77.2/24", "192.168.77.2/24", "100.64.77.2/24", "169.254.77.2/16"].map(
      addAddress,
    ),
    ...["45.77.0.2/24", "93.77.0.9/32", "fd77::2/64", "2a00:77::2/64", "2606:77::9/128"].map(addAddress),
    "link set eth0 up",
  ]);
  for (const name of [host, outside]) {
    await waitFor(`the cable of ${name}`, async () => {
      const { stdout } = await runProcess("ip", ["-n", name, "link", "show", "eth0"]);
      return stdout.includes("state UP");
    });
  }
  const resolv = path.join(await cleanup.makeFolder(), "resolv.conf");
  await writeFile(resolv, `nameserver ${PROBE_ADDRESSES.private10}\n`);
  const enter = `mount --bind ${resolv} /etc/resolv.conf && exec "$@"`;
  const via = ["ip", "netns", "exec", host, "sh", "-c", enter, "world"];
  const servers = [
    startProcess(cleanup, "ip", [
      "netns",
      "exec",
      outside,
      process.execPath,
      PROBE_SERVER,
      "53",
      String(PROBE_PORT),
    ]),
    startProcess(cleanup, via[0]!, [
      ...via.slice(1),
      process.execPath,
      PROBE_SERVER,
      "22",
      String(HOST_PROBE_PORT),
    ]),
  ] as const;
  for (const server of servers) await server.waitForOutput(/LISTENING/);
  return { via, outside: servers[0], host: servers[1] };
}

function addAddress(address: string): string {
  return `addr add ${address} dev eth0${address.includes(":") ? " nodad" : ""}`;
}

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  const { code, stderr } = await runProcess("ip", ["-n", namespace, "-batch", "-"], {
    input: `${lines.join("\n")}\n`,
  });
  if (code !== 0) throw new Error(`ip -batch failed: ${stderr}`);
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runProcess(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
}
