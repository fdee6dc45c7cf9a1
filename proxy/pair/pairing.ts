import type { Duplex } from "node:stream";
import { encodeSetupRequest } from "../../protocol/index.ts";
import { CONTROL_ADDRESS } from "../model/advertised-addresses.ts";
import type { HostPort } from "../model/proxy-types.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import type { DesktopView } from "../state/state-records.ts";
import type { AgentRegistry } from "./agent-registry.ts";
import type { ReverseServers } from "./reverse-servers.ts";
import type { SetupTickets } from "./setup-tickets.ts";
import type { SpareConnectionPool } from "./spare-connection-pool.ts";

/** Desktops that are reached in another way than by MiP 2; null: not this one. */
export interface DesktopRoute {
  open(desktop: DesktopView, signal: AbortSignal): Promise<Duplex> | null;
}

/** Brings viewer and desktop together: asks the desktop's agent for a data connection to this server. */
export class Pairing {
  readonly #agents: AgentRegistry;
  readonly #tickets: SetupTickets;
  readonly #spares: SpareConnectionPool;
  readonly #address: HostPort;
  readonly #reverse: ReverseServers;
  readonly #otherRoute: DesktopRoute | null;

  /** @param advertised where agents reach this server; null: where their control connection goes */
  constructor(
    agents: AgentRegistry,
    tickets: SetupTickets,
    spares: SpareConnectionPool,
    advertised: HostPort | null,
    reverse: ReverseServers,
    otherWay: DesktopRoute | null = null,
  ) {
    this.#reverse = reverse;
    this.#agents = agents;
    this.#tickets = tickets;
    this.#spares = spares;
    this.#address = advertised ?? CONTROL_ADDRESS;
    this.#otherRoute = otherWay;
  }

  /**
   * A connection that stands at ClientInit; the caller owns it.
   * @throws Refusal `DESKTOP_OFFLINE`, `HOST_OFFLINE`, `HOST_TIMEOUT`, `DESKTOP_UNREACHABLE`
   */
  async open(desktop: DesktopView, signal: AbortSignal): Promise<Duplex> {
    const opened = this.#otherRoute?.open(desktop, signal);
    if (opened) return await opened;
    const agent = this.#agents.find(desktop.agentId);
    if (!agent) {
      const dialled = await this.#reverse.take(desktop, signal);
      if (dialled) return dialled;
      throw new ViewerRefusal("HOST_OFFLINE");
    }
    if (desktop.state === "offline") throw new ViewerRefusal("DESKTOP_OFFLINE");
    const spare = this.#spares.take(desktop.agentId);
    if (spare) {
      try {
        return await spare.open(desktop.name, signal);
      } catch (error) {
        // It was dead already: the viewer shall not suffer for it.
        if (!spare.isLost || signal.aborted) throw error;
      }
    }
    const { host, port } = this.#address;
    const { ticket, connection: arrival } = this.#tickets.expect(agent, signal);
    agent.send(encodeSetupRequest({ ticket, proxyHost: host, proxyPort: port, desktop: desktop.name }));
    return await arrival;
  }
}
