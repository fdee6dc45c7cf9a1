export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An IPv6 address in brackets; any other host unchanged. */
export function bracketHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Removes the brackets of {@link bracketHost}, as in `URL.hostname`. */
export function unbracketHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** `HOST:PORT`, or `[IPv6]:PORT`. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${bracketHost(host)}:${port}`;
}

/** `HOST::PORT` as VNC viewers take it: a port after one colon may be taken for a display number. */
export function formatViewerAddress({ host, port }: HostPort): string {
  return `${bracketHost(host)}::${port}`;
}

/** `HOST:PORT` or `[IPv6]:PORT`, perhaps with a zone (`[fe80::1%eth0]:PORT`), with a port from 0 to 65535. Null: neither. */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? null : { host, port };
}
