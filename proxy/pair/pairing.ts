import type { Duplex } from "node:stream";
import { encodeSetupRequest } from "../../protocol/index.ts";
import type { HostPort } from "../proxy.ts";
import { Refusal } from "../refusals.ts";
import type { DesktopView } from "../state/records.ts";
import type { AgentRegistry } from "./agent-registry.ts";
import type { SetupTickets } from "./setup-tickets.ts";
import type { Spares } from "./spares.ts";

/** No host in a Setup request: the agent dials what its control connection goes to. */
export const CONTROL_ADDRESS: HostPort = { host: "", port: 0 };

/** Brings viewer and desktop together: asks the desktop's agent for a data connection to this server. */
export class Pairing {
  readonly #agents: AgentRegistry;
  readonly #tickets: SetupTickets;
  readonly #spares: Spares;
  readonly #address: HostPort;

  /** @param advertised where agents reach this server; null: where their control connection goes */
  constructor(agents: AgentRegistry, tickets: SetupTickets, spares: Spares, advertised: HostPort | null) {
    this.#agents = agents;
    this.#tickets = tickets;
    this.#spares = spares;
    this.#address = advertised ?? CONTROL_ADDRESS;
  }

  /**
   * A connection that stands at ClientInit; the caller owns it.
   * @throws Refusal `DESKTOP_OFFLINE`, `HOST_OFFLINE`, `HOST_TIMEOUT`, `DESKTOP_UNREACHABLE`
   */
  async open(desktop: DesktopView, signal: AbortSignal): Promise<Duplex> {
    const agent = this.#agents.find(desktop.agentId);
    if (!agent) throw new Refusal("HOST_OFFLINE");
    if (desktop.state === "offline") throw new Refusal("DESKTOP_OFFLINE");
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
    const { ticket, arrival } = this.#tickets.expect(agent, signal);
    agent.send(encodeSetupRequest({ ticket, proxyHost: host, proxyPort: port, desktop: desktop.name }));
    return await arrival;
  }
}
