import { LimitError, PeerClosed, TimeoutError, type FrameChannelEnd } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "./proxy-limits.ts";

/** The end of an agent's control connection, of either MiP. */
export function describeAgentEnd(end: FrameChannelEnd, cause?: Error): Error {
  switch (end) {
    case "closed":
      return new PeerClosed("PEER_CLOSED", "the agent closed its control connection");
    case "failed":
      return new PeerClosed("PEER_CLOSED", `connection failed: ${cause?.message}`);
    case "silent":
      return new TimeoutError("AGENT_SILENT", `nothing heard for ${PROXY_LIMITS.agentDeadMs} ms`);
    case "unread":
      return new LimitError("AGENT_BACKLOG", "the agent has stopped reading");
  }
}
