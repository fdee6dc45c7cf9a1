import {
  formatHostPort,
  formatViewerAddress,
  parseHostPort,
  type HostPort,
} from "../../../protocol/host-port.ts";

/** Parses `HOST:PORT` or `[IPV6]:PORT`. Null: neither. */
export function parseViewerAddress(address: string): HostPort | null {
  const parsed = parseHostPort(address);
  return parsed?.port === 0 ? null : parsed;
}

export function buildViewerCommand(address: HostPort): string {
  return `vncviewer ${formatViewerAddress(address)}`;
}

/** For the QR code. It contains no token, because addresses are kept in histories. */
export function buildViewerUrl(address: HostPort): string {
  return `vnc://${formatHostPort(address)}`;
}
