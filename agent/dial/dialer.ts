import type { Clock } from "../../protocol/index.ts";
import type { HttpProxySettings, Trust } from "../agent.ts";
import { dialServer } from "./dial-server.ts";
import { chooseProxies, type ProxyChoice } from "./http-proxy.ts";
import type { DialedServer } from "./secure-server.ts";
import type { ServerAddress } from "./server-address.ts";

export interface DialerOptions {
  readonly trust: Trust;
  readonly httpProxy: HttpProxySettings | null;
  readonly clock: Clock;
}

/** The agent's only way out: every connection to a server is made here. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #proxyTo: ProxyChoice;

  /** @throws ConfigError `HTTP_PROXY` */
  constructor(options: DialerOptions) {
    this.#options = options;
    this.#proxyTo = chooseProxies(options.httpProxy);
  }

  /** The caller owns the socket. @throws as {@link dialServer} does */
  dial(server: ServerAddress, deadlineMs: number, signal: AbortSignal): Promise<DialedServer> {
    const { trust, clock } = this.#options;
    return dialServer(server, { trust, clock, signal, deadlineMs, httpProxy: this.#proxyTo(server) });
  }
}
