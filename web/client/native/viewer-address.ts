export interface ViewerAddress {
  readonly host: string;
  readonly port: number;
}

/** Takes `HOST:PORT` or `[IPV6]:PORT` apart; null: it is neither. */
export function parseViewerAddress(address: string): ViewerAddress | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || !(port >= 1 && port <= 65_535) ? null : { host, port };
}

const bracket = (host: string) => (host.includes(":") ? `[${host}]` : host);

/** A port after one colon may be taken for a display number; two colons always mean a port. */
export function buildViewerCommand({ host, port }: ViewerAddress): string {
  return `vncviewer ${bracket(host)}::${port}`;
}

/** For the QR code. It carries no token: addresses end up in histories. */
export function buildViewerUrl({ host, port }: ViewerAddress): string {
  return `vnc://${bracket(host)}:${port}`;
}
