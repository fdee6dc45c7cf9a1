import { AuthError, type Refused } from "../../protocol/index.ts";
import { KEY_FILE } from "./agent-identity.ts";

const SENTENCES: Readonly<Record<Refused["code"], string>> = {
  AGENT_UNKNOWN:
    "The server does not know this agent. Make a join secret on the server (postern join create) and give it to the agent.",
  AGENT_REVOKED: `The server has revoked this agent. To enrol it anew, if that is allowed, remove the one file ${KEY_FILE} from its data folder and give it a new join secret. Keep the rest of the folder: a host's machines, disks and images are in it.`,
  JOIN_REFUSED:
    "The server did not take the join secret: it is wrong, used or expired. Make a new one (postern join create).",
  PROOF_REFUSED:
    "The server did not accept the proof of this agent's key. Check the clocks and the key file.",
  ROLE_REFUSED:
    "The server does not take this agent in this role. A host needs a join secret for hosts (postern join create --host); for an agent that has joined already, the server's administrator runs `postern agent allow-host NAME`. An agent that only publishes desktops is started by `postern agent`.",
  VERSION: "Server and agent speak no common version. Bring both to the same release.",
  BUSY: "The server is busy.",
  REPLACED: "A newer connection with the same key has taken this one's place. Is the key in use twice?",
};

/** The server refused the agent. `retryAfterMs` null: it gave no time. */
export class ServerRefusal extends AuthError {
  readonly reason: Refused["code"];
  readonly retryAfterMs: number | null;

  constructor(refused: Refused) {
    super(refused.code, `refused by the server: ${refused.message}`, {
      safeMessage: SENTENCES[refused.code],
    });
    this.reason = refused.code;
    this.retryAfterMs = refused.retryAfterMs ?? null;
  }

  /** True: a retry with the same key and secret cannot succeed. */
  get isFinal(): boolean {
    return this.retryAfterMs === null && this.reason !== "BUSY" && this.reason !== "REPLACED";
  }
}
