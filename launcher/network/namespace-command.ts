import { SLIRP_NETWORK } from "./network-addresses.ts";
import type { Command } from "../system/child-process.ts";
import type { NetworkTools } from "./network-tools.ts";

interface NamespaceOptions {
  readonly tools: NetworkTools;
  /** Root needs no user namespace: a process that is not root has no right over the network one. */
  readonly privileged: boolean;
  /** The filter, in nft's syntax. */
  readonly rules: string;
  /** Beginning of the pipes' names; they exist for a moment. */
  readonly pipe: string;
  readonly resolvConf: string;
  /** Made at each start; QEMU's words go elsewhere. */
  readonly slirpLog: string;
  /** slirp4netns's socket for forwarded ports; null: none are forwarded. */
  readonly apiSocket: string | null;
  /** slirp4netns lets connections to the host's loopback through; the filter decides which. */
  readonly hostLoopback: boolean;
}

/**
 * The command that runs `command` in a namespace with filtered internet access. A shell leaves slirp4netns in the
 * background, becomes `unshare`, which becomes a second shell, which becomes QEMU: one process id throughout. Pipes tie
 * the two together, so that neither outlives the other, however it ends:
 *
 * - 3 to 5, "inside is ready": slirp4netns starts when a line arrives, and not at all when the other end closes;
 * - 8 to 4, "outside is ready": QEMU starts when slirp4netns has set up its interface, and not at all when it has
 *   ended;
 * - 9 to 6, "alive": QEMU keeps it open while it runs, and slirp4netns ends when it closes.
 */
export function inFilteredNamespace(command: Command, options: NamespaceOptions): Command {
  const { tools, pipe, slirpLog } = options;
  const pipes = [3, 4, 9].map((number) => `${pipe}.${number}`);
  const [ready = "", up = "", alive = ""] = pipes.map((name) => quoteWords(name));
  const unshare = unshareWords(options, ["--mount", "--propagation", "slave"]);
  const script = `
set -eu
me=$$
mkfifo -m 600 ${quoteWords(...pipes)}
exec 0<>${ready} 8<>${up} 7<>${alive}
exec 3>${ready} 4<${up} 5<${ready} 6<${alive} 9>${alive} 0</dev/null
rm -f ${quoteWords(...pipes)}
(
  exec 3>&- 4<&- 7>&- 9>&-
  (
    read -r line <&5 || exit 0
    exec 5<&-
    umask 077
    exec ${quoteWords(...slirpWords(options))} "$me" tap0 >${quoteWords(slirpLog)} 2>&1
  ) &
)
exec 5<&- 6<&- 7>&- 8>&-
exec ${quoteWords(...unshare, "--", tools.sh, "-c", insideScript(options))} "$0" "$@"
`;
  return inShell(tools.sh, script, command);
}

/** The command that runs `command` in a namespace without any route out. */
export function inIsolatedNamespace(
  command: Command,
  options: Pick<NamespaceOptions, "tools" | "privileged">,
): Command {
  const { tools } = options;
  const script = `${quoteWords(tools.ip)} link set lo up && exec ${becomeWords(options)} "$@"`;
  const inner = inShell(tools.sh, script, command);
  const [program = "", ...args] = unshareWords(options, []);
  return { program, args: [...args, "--", inner.program, ...inner.args] };
}

function insideScript({ tools, privileged, rules, resolvConf }: NamespaceOptions): string {
  return `
set -eu
fail() { echo "The machine's network could not be made: $1." >&2; exit 1; }
${quoteWords(tools.ip)} link set lo up || fail "its loopback does not come up"
printf %s ${quoteWords(rules)} | ${quoteWords(tools.nft)} -f - || fail "nft does not take the filter"
${quoteWords(tools.mount)} --bind ${quoteWords(resolvConf)} /etc/resolv.conf || fail "its resolver cannot be set"
echo ready >&3
exec 3>&-
line=
read -r line <&4 || [ -n "$line" ] || fail "slirp4netns does not start"
exec 4<&-
exec ${becomeWords({ tools, privileged })} "$@"
`;
}

/**
 * slirp4netns's sandbox unmounts everything that it sees. Root's unmounting would reach the host by shared mounts, and take its
 * named network namespaces (`ip netns`) away: so it gets mounts of its own first.
 */
function slirpWords({ tools, privileged, apiSocket, hostLoopback }: NamespaceOptions): string[] {
  return [
    ...(privileged ? [tools.unshare, "--mount", "--propagation", "slave", "--"] : []),
    ...[tools.slirp4netns, "--configure", "--mtu=65520", `--cidr=${SLIRP_NETWORK.network}`, "--enable-ipv6"],
    ...["--enable-sandbox", "--enable-seccomp", "--exit-fd=6", "--ready-fd=8"],
    ...(hostLoopback ? [] : ["--disable-host-loopback"]),
    ...(apiSocket === null ? [] : [`--api-socket=${apiSocket}`]),
  ];
}

function unshareWords(
  { tools, privileged }: Pick<NamespaceOptions, "tools" | "privileged">,
  more: readonly string[],
): string[] {
  return [tools.unshare, "--net", ...more, ...(privileged ? [] : ["--user", "--map-root-user"])];
}

/** In its own user namespace QEMU would be root and could remove the filter, so its capabilities are dropped. */
function becomeWords({ tools, privileged }: Pick<NamespaceOptions, "tools" | "privileged">): string {
  if (privileged) return "";
  return quoteWords(tools.setpriv, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--");
}

/** Words quoted for a POSIX shell. */
function quoteWords(...words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** A shell that does `script` and, by `exec "$@"` in it, becomes `command`. */
function inShell(sh: string, script: string, command: Command): Command {
  return { program: sh, args: ["-c", script, "postern-network", command.program, ...command.args] };
}
