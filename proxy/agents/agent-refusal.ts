import {
  encodeJsonFrame,
  FEATURE_ROLE,
  FrameType,
  PosternError,
  type Refused,
} from "../../protocol/index.ts";

type Code = Refused["code"];

const MESSAGES: Record<Code, string> = {
  AGENT_UNKNOWN: "This server does not know the agent's key. Enrol it with a join secret.",
  AGENT_REVOKED: "This agent was revoked. Enrol it anew with a join secret and a new key.",
  JOIN_REFUSED: "The join secret is wrong, was used already or has expired. Ask for a new one.",
  PROOF_REFUSED: "The agent's signature does not fit its key.",
  ROLE_REFUSED:
    "The server has this agent, or its join secret, on record for the other role. A host joins with `postern join create --host`; `postern agent allow-host NAME` on the server makes an agent a host.",
  VERSION: "Server and agent have no MiP 2 version in common. Update the older one.",
  BUSY: "The server cannot take the agent now.",
  REPLACED: "The same agent has connected again; its newest connection counts.",
};

interface AgentRefusalDetails {
  readonly retryAfterMs?: number;
  /** The agent has proven that it is this one. */
  readonly agentId?: string;
  /** The agent's features: one that does not know the code is told another one. */
  readonly asKnownTo?: ReadonlySet<string>;
  readonly cause?: unknown;
}

/** An agent is refused; `frame` carries the reason. */
export class AgentRefusal extends PosternError {
  readonly refusalCode: Code;
  readonly agentId: string | null;
  readonly frame: Buffer;

  constructor(code: Code, details: AgentRefusalDetails = {}) {
    super(code, `agent refused: ${code}`, { safeMessage: MESSAGES[code], cause: details.cause });
    this.refusalCode = code;
    this.agentId = details.agentId ?? null;
    const isUnknown = code === "ROLE_REFUSED" && details.asKnownTo?.has(FEATURE_ROLE) === false;
    const refused: Refused = { code: isUnknown ? "JOIN_REFUSED" : code, message: MESSAGES[code] };
    const { retryAfterMs } = details;
    this.frame = encodeJsonFrame(
      FrameType.refused,
      retryAfterMs === undefined ? refused : { ...refused, retryAfterMs },
    );
  }
}
