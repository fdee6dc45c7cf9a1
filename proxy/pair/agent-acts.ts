import type { Logger } from "pino";
import {
  encodeJsonFrame,
  FEATURE_ROTATE,
  FrameType,
  RequestError,
  TimeoutError,
  type Clock,
} from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { AgentRecord } from "../state/records.ts";
import type { Stores } from "../state/stores.ts";
import { AgentRefusal } from "./agent-refusal.ts";
import type { AgentRegistry } from "./agent-registry.ts";

interface AgentActsParts {
  readonly stores: Pick<Stores, "agents">;
  readonly agents: AgentRegistry;
  /** Ends the sessions that show this agent's desktops. */
  readonly endSessions: (agentId: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What administrators do to agents. */
export class AgentActs {
  readonly #parts: AgentActsParts;
  #cancelWatch: () => void = () => undefined;
  #open = true;

  constructor(parts: AgentActsParts) {
    this.#parts = parts;
    this.#watch();
  }

  /**
   * For good: its connections and sessions end now here, and within seconds on other servers of the service.
   * @throws RequestError `AGENT_UNKNOWN`
   */
  async revoke(agentId: string): Promise<void> {
    await this.#find(agentId);
    await this.#parts.stores.agents.revoke(agentId);
    this.#cut(agentId);
  }

  /**
   * Has the agent make a new key; settles when the server has taken it.
   * @throws RequestError `AGENT_UNKNOWN`, `AGENT_OFFLINE`, `AGENT_OUTDATED`, `AGENT_NOT_ROTATED`; TimeoutError
   *   `AGENT_TIMEOUT`
   */
  async rotate(agentId: string): Promise<void> {
    const { stores, agents, clock } = this.#parts;
    const before = await this.#find(agentId);
    const connection = agents.find(agentId);
    if (!connection) throw refuse("AGENT_OFFLINE", "The agent is not connected to this server.");
    if (!connection.features.has(FEATURE_ROTATE))
      throw refuse("AGENT_OUTDATED", "The agent cannot do this. Update it to the server's release.");
    connection.send(encodeJsonFrame(FrameType.rotate, {}));
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(LIMITS.hostRequestMs, () => {
        const message = "The agent did not answer in time. Its old key still counts.";
        reject(new TimeoutError("AGENT_TIMEOUT", message, { safeMessage: message }));
      });
    });
    await Promise.race([connection.closed, late]).finally(cancel);
    const after = await stores.agents.find(agentId);
    if (after?.publicKey === before.publicKey)
      throw refuse(
        "AGENT_NOT_ROTATED",
        "The agent went away before it had a new key. Its old key still counts.",
      );
  }

  /** Idempotent. */
  close(): void {
    this.#open = false;
    this.#cancelWatch();
  }

  async #find(agentId: string): Promise<AgentRecord> {
    const agent = await this.#parts.stores.agents.find(agentId);
    if (agent === null || agent.revokedAt !== null)
      throw refuse("AGENT_UNKNOWN", "There is no such agent, or it was revoked already.");
    return agent;
  }

  #cut(agentId: string): void {
    const { agents, endSessions } = this.#parts;
    agents.find(agentId)?.refuse(new AgentRefusal("AGENT_REVOKED"));
    endSessions(agentId);
  }

  /** What another server of the service revokes is cut here as well. */
  #watch(): void {
    if (!this.#open) return;
    const { stores, clock, log } = this.#parts;
    this.#cancelWatch = clock.after(LIMITS.revocationCheckMs, () => {
      stores.agents
        .listRevokedSince(clock.now() - LIMITS.revocationLookBackMs)
        .then((ids) => {
          for (const id of ids) this.#cut(id);
        })
        .catch((error: unknown) => {
          log.error({ event: "agent.state", err: error }, "revoked agents cannot be looked up");
        })
        .finally(() => {
          this.#watch();
        });
    });
  }
}

function refuse(code: string, message: string): RequestError {
  return new RequestError(code, message, { safeMessage: message });
}
