import { bracketHost, formatHostPort, parseHostPort, type HostPort } from "../../../protocol/host-port.ts";

/** Parses `HOST:PORT` or `[IPV6]:PORT`. Null: neither. */
export function parseViewerAddress(address: string): HostPort | null {
  const parsed = parseHostPort(address);
  return parsed?.port === 0 ? null : parsed;
}

/** A port after one colon may be taken for a display number; two colons always mean a port. */
export function buildViewerCommand({ host, port }: HostPort): string {
  return `vncviewer ${bracketHost(host)}::${port}`;
}

/** For the QR code. It contains no token, because addresses are kept in histories. */
export function buildViewerUrl(address: HostPort): string {
  return `vnc://${formatHostPort(address)}`;
}
