import type { ConnectedAgent } from "../model/proxy-types.ts";
import type { AgentControlConnection } from "./agent-control-connection.ts";
import { AgentRefusal } from "./agent-refusal.ts";

const DISPLACED_KEPT = 8;

/** The agents whose control connection is held here. Of two connections of one agent the newest wins. */
export class AgentRegistry {
  readonly #connections = new Map<string, AgentControlConnection>();
  /** Processes that lost an agent's place to another process with the same key, the last few of each agent. */
  readonly #displaced = new Map<string, string[]>();
  readonly #clones = new Map<string, number>();

  /** Puts a connection in its place; false: a newer one is there already, and this one is refused. */
  add(connection: AgentControlConnection): boolean {
    const other = this.#connections.get(connection.agent.id);
    if (other && other.epoch > connection.epoch) {
      connection.refuse(new AgentRefusal("REPLACED"));
      return false;
    }
    this.#connections.set(connection.agent.id, connection);
    this.#noticeClone(connection, other);
    other?.refuse(new AgentRefusal("REPLACED"));
    return true;
  }

  /** Takes it out, unless a newer one has its place already. */
  remove(connection: AgentControlConnection): void {
    if (this.#connections.get(connection.agent.id) === connection) {
      this.#connections.delete(connection.agent.id);
    }
  }

  find(agentId: string): AgentControlConnection | undefined {
    return this.#connections.get(agentId);
  }

  /** How often a process came back that another one with the same key had displaced: two have the key. */
  countClones(agentId: string): number {
    return this.#clones.get(agentId) ?? 0;
  }

  #noticeClone(
    { agent: { id }, instance }: AgentControlConnection,
    other: AgentControlConnection | undefined,
  ): void {
    const displaced = this.#displaced.get(id) ?? [];
    if (instance !== null && displaced.includes(instance)) this.#clones.set(id, this.countClones(id) + 1);
    if (!other?.instance || other.instance === instance) return;
    const others = displaced.filter((known) => known !== other.instance);
    this.#displaced.set(id, [...others, other.instance].slice(-DISPLACED_KEPT));
  }

  get all(): readonly AgentControlConnection[] {
    return [...this.#connections.values()];
  }

  list(): ConnectedAgent[] {
    return this.all.map(({ agent }) => agent);
  }
}
