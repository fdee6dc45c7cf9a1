import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import {
  type AgentRole,
  agentIdOf,
  Conversation,
  encodeHandshake,
  encodeJsonFrame,
  EXPORTER_BYTES,
  EXPORTER_CONTEXT,
  EXPORTER_LABEL,
  FEATURE_AUTHORITY,
  FEATURE_ROLE,
  FEATURE_ROTATE,
  FEATURE_SPARE,
  FrameType,
  Mip2IdentifierType,
  MIP2_LIMITS,
  MIP2_VERSION,
  NONCE_BYTES,
  ProtocolError,
  proofMessage,
  readFrame,
  refused,
  welcome,
  type Challenge,
  type Clock,
  type Frame,
  type Proof,
  type ProofPurpose,
  type Welcome,
} from "../../protocol/index.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import { parseMessage } from "../parse-message.ts";
import type { AgentIdentity } from "./agent-identity.ts";
import { ServerRefusal } from "./server-refusal.ts";

const SOFTWARE = "postern/0.1";

export interface ProofOptions {
  readonly identity: AgentIdentity;
  /** The join secret, if this proof is to redeem it. */
  readonly enrolSecret: string | null;
  readonly name: string;
  readonly role: AgentRole;
  /** Random, one for this process. */
  readonly instance: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Handshake, Challenge, Proof, Welcome. Bytes that the server sends after its Welcome stay in the socket.
 * @throws Refusal, ProtocolError, TimeoutError, PeerClosed
 */
export async function proveAgent(socket: TLSSocket, options: ProofOptions): Promise<Welcome> {
  const { identity } = options;
  const peer = new Conversation(
    socket,
    { deadlineMs: AGENT_LIMITS.proveMs, maxBytes: AGENT_LIMITS.handshakeBytes },
    options.clock,
    options.signal,
  );
  try {
    // A server that no longer knows the agent cannot map the old id, which belongs to an earlier key, to this
    // key.
    const agentId = options.enrolSecret === null ? identity.agentId : agentIdOf(identity.publicKey);
    const message = await answerChallenge(peer, socket, agentId, "control");
    await peer.write(encodeJsonFrame(FrameType.proof, composeProof(message, options)));
    return expectWelcome(await peer.read(readFrame(MIP2_LIMITS.unprovenBody)));
  } finally {
    peer.release();
  }
}

/**
 * Proves the key on a spare connection. The server does not answer: it keeps the connection, or closes it.
 * @throws ProtocolError, TimeoutError, PeerClosed
 */
export async function proveSpare(
  socket: TLSSocket,
  options: Pick<ProofOptions, "identity" | "role" | "clock" | "signal">,
): Promise<void> {
  const { identity, role } = options;
  const peer = new Conversation(
    socket,
    { deadlineMs: AGENT_LIMITS.proveMs, maxBytes: AGENT_LIMITS.handshakeBytes },
    options.clock,
    options.signal,
  );
  try {
    const message = await answerChallenge(peer, socket, identity.agentId, "spare");
    const signature = identity.sign(message).toString("base64");
    await peer.write(
      encodeJsonFrame(FrameType.proof, { signature, role, software: SOFTWARE } satisfies Proof),
    );
  } finally {
    peer.release();
  }
}

/** Handshake and Challenge → the message to sign. */
async function answerChallenge(
  peer: Conversation,
  socket: TLSSocket,
  agentId: string,
  purpose: ProofPurpose,
): Promise<Buffer> {
  const agentNonce = randomBytes(NONCE_BYTES);
  const handshake = {
    identifierType: Mip2IdentifierType.resource,
    identifier: agentId,
    nonce: agentNonce,
    versions: [MIP2_VERSION],
  };
  await peer.write(encodeHandshake(handshake, purpose === "spare" ? FrameType.spare : FrameType.handshake));
  const challenge = expectChallenge(await peer.read(readFrame(MIP2_LIMITS.unprovenBody)));
  return proofMessage({
    purpose,
    version: challenge.version,
    proxyId: challenge.proxyId,
    agentId,
    agentNonce,
    serverNonce: challenge.nonce,
    exporter: socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT),
  });
}

function composeProof(message: Buffer, options: ProofOptions): Proof {
  const { identity, enrolSecret, name, role } = options;
  return {
    signature: identity.sign(message).toString("base64"),
    ...(enrolSecret === null
      ? {}
      : { enrol: { secret: enrolSecret, publicKey: identity.publicKey.toString("base64"), name } }),
    role,
    software: SOFTWARE,
    features: [FEATURE_SPARE, FEATURE_ROTATE, FEATURE_AUTHORITY, FEATURE_ROLE],
    instance: options.instance,
  };
}

function expectChallenge(frame: Frame): Challenge {
  if (frame.type !== FrameType.challenge) throw unexpected(frame);
  if (frame.value.version !== MIP2_VERSION)
    throw new ProtocolError(
      "MIP_VERSION",
      `the server chose version ${frame.value.version}, which was not offered`,
    );
  return frame.value;
}

function expectWelcome(frame: Frame): Welcome {
  if (frame.type !== FrameType.welcome) throw unexpected(frame);
  return parseMessage(welcome, frame.value, "welcome");
}

function unexpected(frame: Frame): Error {
  if (frame.type === FrameType.refused)
    return new ServerRefusal(parseMessage(refused, frame.value, "refusal"));
  return new ProtocolError("MIP_UNEXPECTED", `frame of type ${frame.type} is out of place in the handshake`);
}
