export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, or `[IPv6]:PORT`. */
export function formatServerAddress(server: ServerAddress): string {
  return server.host.includes(":") ? `[${server.host}]:${server.port}` : `${server.host}:${server.port}`;
}
