import { execa } from "execa";
import { isAlive } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import { findHostRanges } from "./host-addresses.ts";
import type { NetworkAbility } from "./probe-network.ts";
import type { IpRange } from "../model/ip-ranges.ts";
import { writeHostUpdate } from "./filter-rules.ts";
import { childEnvironment } from "../system/child-process.ts";

const REFRESH_MS = 10_000;

/** Closes the host's present addresses to a running machine. @returns whether its filter took them. */
export async function refreshFilter(
  qemu: ProcessIdentity,
  ability: Extract<NetworkAbility, { kind: "namespace" }>,
  host: readonly IpRange[] = findHostRanges(),
): Promise<boolean> {
  if (!isAlive(qemu)) return false;
  const user = ability.privileged ? [] : ["--user", "--preserve-credentials"];
  const enter = ["--target", String(qemu.pid), ...user, "--net", "--"];
  const done = await execa(ability.tools.nsenter, [...enter, ability.tools.nft, "-f", "-"], {
    env: childEnvironment(),
    extendEnv: false,
    input: writeHostUpdate(host),
    reject: false,
    timeout: REFRESH_MS,
  });
  return done.exitCode === 0;
}
