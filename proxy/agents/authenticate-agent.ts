import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import {
  agentIdOf,
  type AgentRole,
  cleanName,
  encodeChallenge,
  EXPORTER_BYTES,
  EXPORTER_CONTEXT,
  EXPORTER_LABEL,
  FrameType,
  Mip2IdentifierType,
  isPosternError,
  MIP2_LIMITS,
  MIP2_VERSION,
  NONCE_BYTES,
  proof as proofSchema,
  ProtocolError,
  readFrame,
  type Clock,
  type Conversation,
  type Mip2Handshake,
  type Proof,
  type ProofPurpose,
} from "../../protocol/index.ts";
import { hashSecret } from "../identify/redeem-ticket.ts";
import type { AgentRecord } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import { isProofValid } from "./agent-proof.ts";
import { AgentRefusal } from "./agent-refusal.ts";

export interface AuthenticatedAgent {
  readonly record: AgentRecord;
  readonly enrolled: boolean;
  /** What it can do beyond the first revision. */
  readonly features: ReadonlySet<string>;
  /** Of the agent's process; null: it does not say. */
  readonly instance: string | null;
}

export interface AgentAuthenticationDependencies {
  readonly stores: Pick<Stores, "agents" | "joinSecrets">;
  /** What the agent signs as the server's name. */
  readonly serverId: string;
  readonly clock: Clock;
  /** An enrolment waits for its audit line. Both throw AgentRefusal `BUSY`. */
  readonly enrolmentAudit: {
    /** Before the join secret is spent. */
    checkWritable(): void;
    /** Settles when the line is on the disk. */
    write(agentId: string, role: AgentRole): Promise<void>;
  };
}

/**
 * The server's side of an agent's authentication, from the challenge on: an agent proves its key, bound to this
 * very TLS connection, and a key that is not known yet is enrolled with a join secret. What it may be is on record,
 * with the agent or with the join secret: a proof that claims another role is refused.
 * @throws AgentRefusal, ProtocolError `MIP_FRAME`, and what the conversation throws
 */
export async function authenticateAgent(
  peer: Conversation,
  socket: Pick<TLSSocket, "exportKeyingMaterial">,
  handshake: Mip2Handshake,
  gate: AgentAuthenticationDependencies,
): Promise<AuthenticatedAgent> {
  const { proof, isSignedBy } = await challengeAgent(peer, socket, handshake, gate.serverId, "control");
  const known = await queryStateForAgent(gate.stores.agents.find(handshake.identifier));
  if (known) {
    checkKnownAgent(known, proof, isSignedBy);
    return { record: known, enrolled: false, ...describePeer(proof) };
  }
  if (!proof.enrol) throw new AgentRefusal("AGENT_UNKNOWN");
  const publicKey = Buffer.from(proof.enrol.publicKey, "base64");
  // The signature is checked before the secret is spent.
  if (agentIdOf(publicKey) !== handshake.identifier || !isSignedBy(publicKey)) {
    throw new AgentRefusal("PROOF_REFUSED");
  }
  const record = await enrol(handshake.identifier, proof, proof.enrol, gate);
  return { record, enrolled: true, ...describePeer(proof) };
}

/**
 * A data connection that is to wait for viewers: a known agent proves its key on it, and is not enrolled.
 * @returns the agent's id
 * @throws as {@link authenticateAgent} does
 */
export async function authenticateSpareConnection(
  peer: Conversation,
  socket: Pick<TLSSocket, "exportKeyingMaterial">,
  handshake: Mip2Handshake,
  gate: Pick<AgentAuthenticationDependencies, "stores" | "serverId">,
): Promise<string> {
  const { proof, isSignedBy } = await challengeAgent(peer, socket, handshake, gate.serverId, "spare");
  const known = await queryStateForAgent(gate.stores.agents.find(handshake.identifier));
  if (!known) throw new AgentRefusal("AGENT_UNKNOWN");
  checkKnownAgent(known, proof, isSignedBy);
  return known.id;
}

/** @throws AgentRefusal `PROOF_REFUSED`, `AGENT_REVOKED`, `ROLE_REFUSED`, in this order */
function checkKnownAgent(known: AgentRecord, proof: Proof, isSignedBy: (publicKey: Buffer) => boolean): void {
  if (!isSignedBy(Buffer.from(known.publicKey, "base64"))) throw new AgentRefusal("PROOF_REFUSED");
  if (known.revokedAt !== null) throw new AgentRefusal("AGENT_REVOKED", { agentId: known.id });
  if (known.kind !== proof.role) throw createRoleRefusal(proof, known.id);
}

function createRoleRefusal({ features }: Proof, agentId: string): AgentRefusal {
  return new AgentRefusal("ROLE_REFUSED", { agentId, asKnownTo: new Set(features) });
}

async function challengeAgent(
  peer: Conversation,
  socket: Pick<TLSSocket, "exportKeyingMaterial">,
  handshake: Mip2Handshake,
  serverId: string,
  purpose: ProofPurpose,
): Promise<{ readonly proof: Proof; readonly isSignedBy: (publicKey: Buffer) => boolean }> {
  if (!handshake.versions.includes(MIP2_VERSION)) throw new AgentRefusal("VERSION");
  if (handshake.identifierType !== Mip2IdentifierType.resource) throw new AgentRefusal("AGENT_UNKNOWN");
  const serverNonce = randomBytes(NONCE_BYTES);
  await peer.write(encodeChallenge({ version: MIP2_VERSION, proxyId: serverId, nonce: serverNonce }));
  const proof = await readProof(peer);
  const isSignedBy = (publicKey: Buffer): boolean =>
    isProofValid(publicKey, Buffer.from(proof.signature, "base64"), {
      purpose,
      version: MIP2_VERSION,
      proxyId: serverId,
      agentId: handshake.identifier,
      agentNonce: handshake.nonce,
      serverNonce,
      exporter: socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT),
    });
  return { proof, isSignedBy };
}

function describePeer({ features, instance }: Proof): Pick<AuthenticatedAgent, "features" | "instance"> {
  return { features: new Set(features), instance: instance ?? null };
}

async function readProof(peer: Conversation): Promise<Proof> {
  const frame = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
  if (frame.type !== FrameType.proof) throw new ProtocolError("MIP_FRAME", "the agent sent no proof");
  const parsed = proofSchema.safeParse(frame.value);
  if (!parsed.success) {
    throw new ProtocolError("MIP_FRAME", "the agent's proof is malformed", { cause: parsed.error });
  }
  return parsed.data;
}

async function enrol(
  id: string,
  proof: Proof,
  { secret, publicKey, name }: NonNullable<Proof["enrol"]>,
  { stores, clock, enrolmentAudit }: AgentAuthenticationDependencies,
): Promise<AgentRecord> {
  const { role } = proof;
  enrolmentAudit.checkWritable();
  const joined = await queryStateForAgent(stores.joinSecrets.take(hashSecret(secret), role, clock.now()));
  if (joined.kind === "otherRole") throw createRoleRefusal(proof, id);
  if (joined.kind === "unknown") throw new AgentRefusal("JOIN_REFUSED");
  await enrolmentAudit.write(id, role);
  return await queryStateForAgent(
    stores.agents.add({ id, name: cleanName(name) || id, kind: role, publicKey, admitted: joined.admit }),
  );
}

/** A failing state is reported as busy: it may answer soon. */
export async function queryStateForAgent<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (isPosternError(cause) && (cause.code === "AGENT_REVOKED" || cause.code === "ROLE_REFUSED"))
      throw new AgentRefusal(cause.code);
    throw new AgentRefusal("BUSY", { retryAfterMs: 2_000, cause });
  }
}
