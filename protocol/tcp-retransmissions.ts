/** Of a TCP connection of this machine. */
export interface TcpEnds {
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** As a socket has them: undefined once it is closed. */
type SocketEnds = { readonly [End in keyof TcpEnds]?: TcpEnds[End] | undefined };

/**
 * How often the kernel has sent again what the other side of a socket has not acknowledged; null: it has acknowledged
 * everything, or that cannot be known (Linux says it). Never rejects.
 * @param readFile reads one of Linux's tables
 */
export async function findSocketRetransmissions(
  { localPort, remoteAddress, remotePort }: SocketEnds,
  readFile: (path: string) => Promise<string>,
): Promise<number | null> {
  if (localPort === undefined || remoteAddress === undefined || remotePort === undefined) return null;
  const table = await readFile(tcpTableOf(remoteAddress)).catch(() => "");
  return findRetransmissions(table, { localPort, remoteAddress, remotePort });
}

/** Linux's table of connections of that address's kind. */
function tcpTableOf(remoteAddress: string): string {
  return isIpv6(remoteAddress) ? "/proc/self/net/tcp6" : "/proc/self/net/tcp";
}

/** In the column `tx`. */
const NOTHING_QUEUED = "00000000:";

/** In the column `tr`: the timer that runs is the one for sending again, not for asking about a closed window. */
const RETRANSMIT_TIMER = "01:";

/**
 * How often the kernel has sent again what the other side has not acknowledged; null: it has acknowledged everything, or the
 * connection is not in the table. The column `retrnsmt`: `sl local remote st tx:rx tr:when retrnsmt …`.
 * @see the kernel's Documentation/networking/proc_net_tcp.rst
 */
export function findRetransmissions(table: string, ends: TcpEnds): number | null {
  const remote = ` ${encodeAddress(ends.remoteAddress)}:${encodePort(ends.remotePort)} `;
  const local = `:${encodePort(ends.localPort)}`;
  for (let at = table.indexOf(remote); at >= 0; at = table.indexOf(remote, at + 1)) {
    if (!table.startsWith(local, at - local.length)) continue;
    const [, , , queues = "", timer = "", count = ""] = table.slice(at, table.indexOf("\n", at)).split(" ");
    if (queues.startsWith(NOTHING_QUEUED)) return null;
    return timer.startsWith(RETRANSMIT_TIMER) ? Number.parseInt(count, 16) : 0;
  }
  return null;
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}

function encodePort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

/** Words of 32 bits, the lowest byte first, as processors that Node.js runs on nearly all have them. */
function encodeAddress(address: string): string {
  const bytes = isIpv6(address) ? readIpv6(address) : Buffer.from(address.split(".").map(Number));
  return bytes.swap32().toString("hex").toUpperCase();
}

function readIpv6(address: string): Buffer {
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]`);
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const groupsOf = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [first, last] = [groupsOf(head), groupsOf(tail ?? "")];
  const groups = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(Uint16Array.from(groups).buffer).swap16();
}
