import { encodeJsonFrame, FrameType, PosternError, type Refused } from "../../protocol/index.ts";

type Code = Refused["code"];

const MESSAGES: Record<Code, string> = {
  AGENT_UNKNOWN: "This server does not know the agent's key. Enrol it with a join secret.",
  AGENT_REVOKED: "This agent was revoked. Enrol it anew with a join secret and a new key.",
  JOIN_REFUSED: "The join secret is wrong, was used already or has expired. Ask for a new one.",
  PROOF_REFUSED: "The agent's signature does not fit its key.",
  VERSION: "Server and agent have no MiP 2 version in common. Update the older one.",
  BUSY: "The server cannot take the agent now.",
  REPLACED: "The same agent has connected again; its newest connection counts.",
};

/** An agent is refused; `frame` carries the reason. */
export class AgentRefusal extends PosternError {
  readonly refusalCode: Code;
  readonly frame: Buffer;

  constructor(code: Code, details: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(code, `agent refused: ${code}`, { safeMessage: MESSAGES[code], cause: details.cause });
    this.refusalCode = code;
    const refused: Refused = { code, message: MESSAGES[code] };
    const { retryAfterMs } = details;
    this.frame = encodeJsonFrame(
      FrameType.refused,
      retryAfterMs === undefined ? refused : { ...refused, retryAfterMs },
    );
  }
}
