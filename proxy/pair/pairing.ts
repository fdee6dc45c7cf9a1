import type { Duplex } from "node:stream";
import { encodeSetupRequest } from "../../protocol/index.ts";
import { CONTROL_ADDRESS } from "../model/advertised-addresses.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import type { DesktopView } from "../state/state-records.ts";
import type { AgentRegistry } from "../agents/agent-registry.ts";
import type { ReverseServers } from "./reverse-servers.ts";
import type { SetupTickets } from "./setup-tickets.ts";
import type { SpareConnectionPool } from "./spare-connection-pool.ts";

/** What shows whether the agent of a desktop is there. */
export interface AgentPulse {
  probe(): void;
  /** When the latest probe that was answered had been sent (monotonic). */
  readonly provenAt: number;
  /** When the oldest probe that still waits for its answer was sent (monotonic); null: none does. */
  readonly waitingSince: number | null;
  /** Answers are read since then (monotonic): in a pause of reading none can come. */
  readonly readSince: number;
}

/** A route to desktops other than MiP 2; `open` returns null for a desktop that it does not know. */
interface DesktopRoute {
  open(desktop: DesktopView, signal: AbortSignal): Promise<Duplex> | null;
}

interface PairingDependencies {
  readonly agents: AgentRegistry;
  readonly tickets: SetupTickets;
  readonly spares: SpareConnectionPool;
  readonly reverseServers: ReverseServers;
  readonly otherRoute: DesktopRoute | null;
}

/** Brings viewer and desktop together: asks the desktop's agent for a data connection to this server. */
export class Pairing {
  readonly #dependencies: PairingDependencies;

  constructor(dependencies: PairingDependencies) {
    this.#dependencies = dependencies;
  }

  /** Of the agent whose control connection is held here; null: it has none, or speaks no MiP 2. */
  findPulse({ agentId }: DesktopView): AgentPulse | null {
    return this.#dependencies.agents.find(agentId) ?? null;
  }

  /**
   * A connection at ClientInit; the caller owns it.
   * @param onAsked the agent says that it takes longer, since somebody at the desktop may be asked: for so long at most
   * @throws ViewerRefusal `DESKTOP_OFFLINE`, `HOST_OFFLINE`, `HOST_TIMEOUT`, `DESKTOP_UNREACHABLE`
   */
  async open(
    desktop: DesktopView,
    signal: AbortSignal,
    onAsked: (forMs: number) => void = () => undefined,
  ): Promise<Duplex> {
    const { agents, tickets, spares, reverseServers, otherRoute } = this.#dependencies;
    const opened = otherRoute?.open(desktop, signal);
    if (opened) return await opened;
    const agent = agents.find(desktop.agentId);
    if (!agent) {
      const dialled = await reverseServers.take(desktop, signal);
      if (dialled) return dialled;
      throw new ViewerRefusal("HOST_OFFLINE");
    }
    if (desktop.state === "offline") throw new ViewerRefusal("DESKTOP_OFFLINE");
    const spare = spares.take(desktop.agentId);
    if (spare) {
      try {
        return await spare.open(desktop.name, signal, onAsked);
      } catch (error) {
        // It was dead already: another connection may still reach the desktop.
        if (!spare.isLost || signal.aborted) throw error;
      }
    }
    // The data path goes where the control path went: an agent may know this server by another address than people.
    const { host, port } = CONTROL_ADDRESS;
    const { ticket, connection } = tickets.expect(agent, signal, { onPostponed: onAsked });
    agent.send(encodeSetupRequest({ ticket, proxyHost: host, proxyPort: port, desktop: desktop.name }));
    return await connection;
  }
}
