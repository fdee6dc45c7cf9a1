import { bracketHost, formatHostPort, parseHostPort, type HostPort } from "../../../protocol/host-port.ts";

/** Takes `HOST:PORT` or `[IPV6]:PORT` apart; null: it is neither. */
export function parseViewerAddress(address: string): HostPort | null {
  const parsed = parseHostPort(address);
  return parsed?.port === 0 ? null : parsed;
}

/** A port after one colon may be taken for a display number; two colons always mean a port. */
export function buildViewerCommand({ host, port }: HostPort): string {
  return `vncviewer ${bracketHost(host)}::${port}`;
}

/** For the QR code. It carries no token: addresses end up in histories. */
export function buildViewerUrl(address: HostPort): string {
  return `vnc://${formatHostPort(address)}`;
}
