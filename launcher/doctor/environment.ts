import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";

export interface NodeFacts {
  /** `v26.10.0` */
  readonly version: string;
  /** It is the one that set-up brought along, not the system's. */
  readonly isBundled: boolean;
}

/** What the networks of machines can do; the same terms as the launcher's own probe. */
export interface NetworkFacts {
  readonly kind: "namespace" | "restricted";
  readonly obstacles?: readonly { readonly what: string; readonly remedy: string }[];
}

export interface SocketFacts {
  readonly path: string;
  readonly remedy: string;
}

/** Unix sockets: 108 bytes, one of them NUL. */
const MAX_SOCKET_PATH = 107;
const OLDEST_NODE = [24, 15] as const;

export function checkNode({ version, isBundled }: NodeFacts): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const [needMajor, needMinor] = OLDEST_NODE;
  return major > needMajor || (major === needMajor && minor >= needMinor)
    ? okFinding("node", `Node.js ${version}${isBundled ? ", brought along by set-up" : ""}.`)
    : missingFinding(
        "node",
        `Node.js ${version} is too old.`,
        `Install Node.js ${OLDEST_NODE.join(".")} or newer.`,
      );
}

export function checkNetwork(network: NetworkFacts | null): Finding[] {
  if (network === null) return [];
  if (network.kind === "namespace")
    return [okFinding("network", "Each machine gets a network of its own, filtered outside of the guest.")];
  const obstacles = network.obstacles ?? [];
  return obstacles.map(({ what, remedy }) =>
    adviceFinding("network", `${what} Machines get an address and reach nothing beyond.`, remedy),
  );
}

export function checkSocket({ path, remedy }: SocketFacts): Finding {
  const length = Buffer.byteLength(path);
  return length <= MAX_SOCKET_PATH
    ? okFinding("socket-path", `Paths of sockets fit: ${length} of ${MAX_SOCKET_PATH} bytes in ${path}.`)
    : missingFinding(
        "socket-path",
        `${path} has ${length} bytes; a socket's path has at most ${MAX_SOCKET_PATH}.`,
        remedy,
      );
}
