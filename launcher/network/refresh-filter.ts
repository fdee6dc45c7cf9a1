import { networkInterfaces } from "node:os";
import { execa } from "execa";
import type { Clock } from "../../protocol/index.ts";
import { isAlive } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import { findHostRanges } from "./host-addresses.ts";
import type { NetworkAbility } from "./probe-network.ts";
import { formatRange, type IpRange } from "./ip-ranges.ts";
import { writeHostUpdate } from "./filter-rules.ts";
import { childEnvironment } from "../system/child-environment.ts";

/** How often the host's addresses are looked at, in milliseconds. */
const LOOK_EVERY_MS = 10_000;
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

/**
 * Calls `onChange` after the host got or lost an address.
 * @returns stops looking
 */
export function watchHostRanges(
  clock: Clock,
  onChange: (host: readonly IpRange[]) => void,
  look: () => ReturnType<typeof networkInterfaces> = networkInterfaces,
): () => void {
  let known = describe(findHostRanges(look()));
  let cancel = clock.after(LOOK_EVERY_MS, lookAgain);
  function lookAgain(): void {
    cancel = clock.after(LOOK_EVERY_MS, lookAgain);
    const now = findHostRanges(look());
    if (describe(now) === known) return;
    known = describe(now);
    onChange(now);
  }
  return () => {
    cancel();
  };
}

function describe(ranges: readonly IpRange[]): string {
  return ranges.map(formatRange).join(" ");
}
