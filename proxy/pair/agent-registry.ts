import type { ConnectedAgent } from "../proxy.ts";
import type { AgentConnection } from "./agent-connection.ts";
import { AgentRefusal } from "./agent-refusal.ts";

/** The agents whose control connection is held here. Of two connections of one agent the newest wins. */
export class AgentRegistry {
  readonly #connections = new Map<string, AgentConnection>();

  /** Puts a connection in its place; false: a newer one is there already, and this one is refused. */
  add(connection: AgentConnection): boolean {
    const other = this.#connections.get(connection.agent.id);
    if (other && other.epoch > connection.epoch) {
      connection.refuse(new AgentRefusal("REPLACED"));
      return false;
    }
    this.#connections.set(connection.agent.id, connection);
    other?.refuse(new AgentRefusal("REPLACED"));
    return true;
  }

  /** Takes it out, unless a newer one has its place already. */
  remove(connection: AgentConnection): void {
    if (this.#connections.get(connection.agent.id) === connection) {
      this.#connections.delete(connection.agent.id);
    }
  }

  find(agentId: string): AgentConnection | undefined {
    return this.#connections.get(agentId);
  }

  get all(): readonly AgentConnection[] {
    return [...this.#connections.values()];
  }

  list(): ConnectedAgent[] {
    return this.all.map(({ agent }) => agent);
  }
}
