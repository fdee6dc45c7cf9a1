import type { CleanupStack } from "./cleanup-stack.ts";
import { runProcess } from "./test-process.ts";

/** A network of its own, joined to this machine by one cable, without a route to anywhere else. Needs root. */
export interface NetworkNamespace {
  /** This machine's end of the cable: all that programs in there can reach. */
  readonly address: string;
  /** The other end: where programs in there listen. */
  readonly inside: string;
  /** What goes before a command that is to run in there. */
  readonly via: readonly string[];
}

let made = 0;

export async function makeNetworkNamespace(cleanup: CleanupStack): Promise<NetworkNamespace> {
  made += 1;
  // Names of interfaces end at 15 characters; other test runs must not get the same ones.
  const name = `pt${process.pid}-${made}`;
  const subnet = `10.${200 + (process.pid % 50)}.${made % 250}`;
  await runIp("netns", "add", name);
  cleanup.add({ stop: () => runIp("netns", "delete", name) });
  await runIp("link", "add", `${name}a`, "type", "veth", "peer", "name", "eth0", "netns", name);
  await runIp("addr", "add", `${subnet}.1/30`, "dev", `${name}a`);
  await runIp("link", "set", `${name}a`, "up");
  await runIp("-n", name, "addr", "add", `${subnet}.2/30`, "dev", "eth0");
  await runIp("-n", name, "link", "set", "eth0", "up");
  await runIp("-n", name, "link", "set", "lo", "up");
  return { address: `${subnet}.1`, inside: `${subnet}.2`, via: ["ip", "netns", "exec", name] };
}

async function runIp(...args: string[]): Promise<void> {
  const { code, stderr } = await runProcess("ip", args);
  if (code !== 0) throw new Error(`ip ${args.join(" ")} failed: ${stderr}`);
}
