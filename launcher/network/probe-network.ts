import { accessSync, constants } from "node:fs";
import { execa } from "execa";
import { writeFilterRules } from "./filter-rules.ts";
import { findNetworkTools, type NetworkTools } from "./network-tools.ts";
import { childEnvironment } from "../system/child-process.ts";

/** Why machines get no internet access here, in a sentence for users, and the remedy. */
interface NetworkObstacle {
  readonly what: string;
  readonly remedy: string;
}

/** What this host can do about the networks of machines. */
export type NetworkAbility =
  /** Every machine gets its own namespace, with filtered access where its image has `internet`. */
  | { readonly kind: "namespace"; readonly tools: NetworkTools; readonly privileged: boolean }
  /** Machines get an address and nothing beyond, by QEMU's own `restrict=on`. */
  | { readonly kind: "restricted"; readonly obstacles: readonly NetworkObstacle[] };

const PROBE_MS = 10_000;
const TUN = "/dev/net/tun";

/** Tries what machines will need: a namespace, the filter in it, and slirp4netns's device. Leaves nothing behind. */
export async function probeNetwork(
  searchPath = process.env.PATH,
  privileged = process.getuid?.() === 0,
  always?: readonly string[],
): Promise<NetworkAbility> {
  const tools = findNetworkTools(searchPath, always);
  if ("missingPackages" in tools) {
    const names = tools.missingPackages.join(" ");
    return restricted({
      what: `Programs are missing that give machines a filtered network: ${names}.`,
      remedy: `apt-get install ${names}`,
    });
  }
  const obstacles = [await tryNamespace(tools, privileged), tryTun()].flatMap((found) => found ?? []);
  return obstacles.length === 0
    ? { kind: "namespace", tools, privileged }
    : { kind: "restricted", obstacles };
}

async function tryNamespace(tools: NetworkTools, privileged: boolean): Promise<NetworkObstacle | null> {
  const flags = ["--net", "--mount", ...(privileged ? [] : ["--user", "--map-root-user"])];
  const enter = [...flags, "--", tools.sh, "-c"];
  const options = {
    env: childEnvironment(),
    extendEnv: false,
    reject: false,
    timeout: PROBE_MS,
    stdin: "ignore",
  } as const;
  const made = await execa(tools.unshare, [...enter, `'${tools.ip}' link set lo up`], options);
  if (made.exitCode !== 0) {
    return privileged
      ? {
          what: "This host lets not even root make network namespaces.",
          remedy: "In a container, give it CAP_SYS_ADMIN and CAP_NET_ADMIN, or run the host outside of it.",
        }
      : {
          what: "This host lets ordinary accounts make no namespaces.",
          remedy:
            "sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1 and " +
            "kernel.apparmor_restrict_unprivileged_userns=0 allow it; or start the host as root.",
        };
  }
  const filter = await execa(tools.unshare, [...enter, `'${tools.nft}' -f /dev/stdin`], {
    ...options,
    stdin: "pipe",
    input: writeFilterRules([], []),
  });
  return filter.exitCode === 0
    ? null
    : {
        what: "The kernel does not take the filter for machines' networks.",
        remedy: "modprobe nf_tables nf_conntrack nft_ct nft_reject_inet, and have them in /etc/modules.",
      };
}

function tryTun(): NetworkObstacle | null {
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
    return null;
  } catch {
    return {
      what: `${TUN} is missing or not for this account.`,
      remedy: `modprobe tun; chmod 666 ${TUN}, as udev does it; in a container, give it the device.`,
    };
  }
}

function restricted(...obstacles: NetworkObstacle[]): NetworkAbility {
  return { kind: "restricted", obstacles };
}
