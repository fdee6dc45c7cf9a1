import type { Logger } from "pino";
import {
  type AgentRole,
  encodeJsonFrame,
  FEATURE_ROTATE,
  FrameType,
  RequestError,
  TimeoutError,
  type Clock,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AgentRecord } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import { AgentRefusal } from "./agent-refusal.ts";
import type { AgentRegistry } from "./agent-registry.ts";

interface AgentCommandsDependencies {
  readonly stores: Pick<Stores, "agents">;
  readonly agents: AgentRegistry;
  /** Ends the sessions that show this agent's desktops. */
  readonly endSessions: (agentId: string) => void;
  /** A connected host may have machines from now on. */
  readonly onAdmitted: (agentId: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What administrators do to agents. */
export class AgentCommands {
  readonly #dependencies: AgentCommandsDependencies;
  #cancelRightsCheck: () => void = () => undefined;
  #open = true;

  constructor(dependencies: AgentCommandsDependencies) {
    this.#dependencies = dependencies;
    this.#scheduleRightsCheck();
  }

  /**
   * Changes what an agent may be, here at once and on other servers within seconds; a host is let in with it.
   * @throws RequestError `AGENT_UNKNOWN`, `ROLE_REFUSED`
   */
  async setRole(agentId: string, role: AgentRole): Promise<AgentRecord> {
    const { kind } = await this.#find(agentId);
    if (kind === "mip1") throw requestError("ROLE_REFUSED", "An agent that speaks MiP 1 cannot be a host.");
    const changed = await this.#dependencies.stores.agents.setRole(agentId, role);
    this.#applyRights(changed);
    return changed;
  }

  /**
   * For good: its connections and sessions end now here, and within seconds on other servers of the service.
   * @throws RequestError `AGENT_UNKNOWN`
   */
  async revoke(agentId: string): Promise<void> {
    await this.#find(agentId);
    await this.#dependencies.stores.agents.revoke(agentId);
    this.#disconnect(agentId);
  }

  /**
   * Has the agent make a new key; settles when the server has taken it.
   * @throws RequestError `AGENT_UNKNOWN`, `AGENT_OFFLINE`, `AGENT_OUTDATED`, `AGENT_NOT_ROTATED`; TimeoutError
   *   `AGENT_TIMEOUT`
   */
  async rotate(agentId: string): Promise<void> {
    const { stores, agents, clock } = this.#dependencies;
    const before = await this.#find(agentId);
    const connection = agents.find(agentId);
    if (!connection) throw requestError("AGENT_OFFLINE", "The agent is not connected to this server.");
    if (!connection.features.has(FEATURE_ROTATE))
      throw requestError("AGENT_OUTDATED", "The agent cannot do this. Update it to the server's release.");
    connection.send(encodeJsonFrame(FrameType.rotate, {}));
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(PROXY_LIMITS.hostRequestMs, () => {
        const message = "The agent did not answer in time. Its old key still counts.";
        reject(TimeoutError.public("AGENT_TIMEOUT", message));
      });
    });
    await Promise.race([connection.closed, late]).finally(cancel);
    const after = await stores.agents.find(agentId);
    if (after?.publicKey === before.publicKey)
      throw requestError(
        "AGENT_NOT_ROTATED",
        "The agent went away before it had a new key. Its old key still counts.",
      );
  }

  /** Idempotent. */
  close(): void {
    this.#open = false;
    this.#cancelRightsCheck();
  }

  async #find(agentId: string): Promise<AgentRecord> {
    const agent = await this.#dependencies.stores.agents.find(agentId);
    if (agent === null || agent.revokedAt !== null)
      throw requestError("AGENT_UNKNOWN", "There is no such agent, or it was revoked already.");
    return agent;
  }

  #disconnect(agentId: string): void {
    const { agents, endSessions } = this.#dependencies;
    agents.find(agentId)?.refuse(new AgentRefusal("AGENT_REVOKED"));
    endSessions(agentId);
  }

  /** A connection in another role ends; a host that was let in is used from now on. */
  #applyRights({ id, kind, admittedAt }: Pick<AgentRecord, "id" | "kind" | "admittedAt">): void {
    const { agents, endSessions, onAdmitted } = this.#dependencies;
    const connection = agents.find(id);
    if (!connection) return;
    if (connection.agent.kind !== kind) {
      connection.refuse(new AgentRefusal("ROLE_REFUSED", { asKnownTo: connection.features }));
      endSessions(id);
    } else if (admittedAt !== null && !connection.agent.admitted) {
      connection.admit();
      onAdmitted(id);
    }
  }

  /** What another server of the service revokes, or allows, counts here as well. */
  #scheduleRightsCheck(): void {
    if (!this.#open) return;
    const { stores, clock, log } = this.#dependencies;
    this.#cancelRightsCheck = clock.after(PROXY_LIMITS.revocationCheckMs, () => {
      const since = clock.now() - PROXY_LIMITS.revocationLookBackMs;
      Promise.all([stores.agents.listRevokedSince(since), stores.agents.listRightsChangedSince(since)])
        .then(([revoked, changed]) => {
          for (const id of revoked) this.#disconnect(id);
          for (const agent of changed) this.#applyRights(agent);
        })
        .catch((error: unknown) => {
          log.error({ event: "agent.state", err: error }, "changed rights of agents cannot be looked up");
        })
        .finally(() => {
          this.#scheduleRightsCheck();
        });
    });
  }
}

function requestError(code: string, message: string): RequestError {
  return RequestError.public(code, message);
}
