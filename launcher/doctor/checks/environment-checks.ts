import { adviceFinding, missingFinding, okFinding, type Finding } from "../../model/finding.ts";
import type { CertificateFacts, DoctorFacts, NetworkFacts, NodeFacts, PortFacts } from "../doctor-facts.ts";

/** Unix sockets: 108 bytes, one of them NUL. */
const MAX_SOCKET_PATH = 107;
const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;
const OLDEST_NODE = [24, 15] as const;
/** No clock that is right shows an earlier time than this program's first day. */
const EARLIEST = Date.parse("2025-01-01T00:00:00Z");

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

export function checkPort({ address, state, by, ours, asked }: PortFacts): Finding {
  const wrong = asked ? missingFinding : adviceFinding;
  switch (state) {
    case "free":
      return okFinding("port", `${address} is free.`);
    case "busy":
      return ours
        ? okFinding("port", `The server listens on ${address}.`)
        : wrong(
            "port",
            `${address} is taken${by === null ? "" : ` by ${by}`}.`,
            "Stop it, or give --listen another port.",
          );
    case "forbidden":
      return wrong(
        "port",
        `${address} is closed to this account.`,
        "Choose a port above 1023, run as root, or: sysctl net.ipv4.ip_unprivileged_port_start=0",
      );
    case "no-address":
      return wrong(
        "port",
        `${address} is no address of this machine.`,
        "ip address shows those that it has.",
      );
  }
}

export function checkCertificate(facts: CertificateFacts | null, now: number): Finding[] {
  if (facts === null) return [];
  const { address, shown } = facts;
  if (shown === null) {
    const remedy = "Start it with: postern server. If it listens elsewhere, give --listen.";
    return [adviceFinding("certificate", `No server shows a certificate on ${address}.`, remedy)];
  }
  const until = new Date(shown.notAfter).toISOString().slice(0, 10);
  const text = `The certificate on ${address} (${shown.subject})`;
  if (now < shown.notBefore)
    return [missingFinding("certificate", `${text} is not valid yet.`, "Set the clock; see `clock`.")];
  if (now > shown.notAfter)
    return [
      missingFinding(
        "certificate",
        `${text} expired on ${until}.`,
        "Renew the files of --cert and --key; without them, restart the server.",
      ),
    ];
  return shown.notAfter - now < SOON_MS
    ? [
        adviceFinding(
          "certificate",
          `${text} expires on ${until}.`,
          "Renew the files of --cert and --key; the server's own is renewed by itself.",
        ),
      ]
    : [okFinding("certificate", `${text} is valid until ${until}.`)];
}

export function checkClock({ now, synchronized }: DoctorFacts["clock"]): Finding {
  const shown = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  if (now < EARLIEST) {
    return missingFinding(
      "clock",
      `The clock shows ${shown}: certificates and tokens cannot work.`,
      "timedatectl set-ntp true",
    );
  }
  if (synchronized === true) return okFinding("clock", `The clock shows ${shown} and is kept right.`);
  return synchronized === false
    ? adviceFinding(
        "clock",
        `The clock shows ${shown}, and nothing keeps it right.`,
        "timedatectl set-ntp true, or: apt install chrony",
      )
    : adviceFinding(
        "clock",
        `The clock shows ${shown}; this system does not say whether something keeps it right.`,
        "Compare it with another clock. In a container the machine outside must keep it.",
      );
}

export function checkSocket({ path, remedy }: DoctorFacts["sockets"][number]): Finding {
  const length = Buffer.byteLength(path);
  return length <= MAX_SOCKET_PATH
    ? okFinding("socket-path", `Paths of sockets fit: ${length} of ${MAX_SOCKET_PATH} bytes in ${path}.`)
    : missingFinding(
        "socket-path",
        `${path} has ${length} bytes; a socket's path has at most ${MAX_SOCKET_PATH}.`,
        remedy,
      );
}
