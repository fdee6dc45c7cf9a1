import { z } from "zod";
import { AGENT_ROLES, hostFacts } from "../../protocol/index.ts";

const agentRole = z.enum(AGENT_ROLES);

export const joinSecretRequest = z
  .object({
    /** What the agent that redeems it may be. */
    role: agentRole.default("agent"),
    /** A host may have machines at once; without it an administrator lets it in first. */
    admit: z.boolean().default(false),
  })
  .refine(({ role, admit }) => role === "host" || !admit, {
    path: ["admit"],
    error: "only a host can be let in",
  });
export type JoinSecretInput = z.input<typeof joinSecretRequest>;
/** POST /join-secrets (joinSecretRequest) → 201 joinSecret (administrators) */
export const joinSecret = z.object({
  secret: z.string(),
  fingerprint: z.string(),
  expiresAt: z.number(),
  role: agentRole,
  admit: z.boolean(),
});

export const agent = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum([...AGENT_ROLES, "mip1"]),
  state: z.enum(["online", "offline", "revoked"]),
  /** A host that may have machines. A host that may not waits to be let in. */
  admitted: z.boolean(),
  lastSeenAt: z.number().nullable(),
  /** How often its key was in use in two places since the server started; more than 0 means that it was copied. */
  clones: z.number().int(),
});
/**
 * GET /agents → agent[]; DELETE /agents/ID → 204: revoked for good; POST /agents/ID/rotate → 204: it has a new key; POST
 * /agents/ID/role (agentRoleRequest) → agent: what it may be; a host is let in with it (administrators). 409 `ROLE_REFUSED`, 404 `AGENT_UNKNOWN`, 409 `AGENT_OUTDATED`, `AGENT_NOT_ROTATED`, 503 `AGENT_OFFLINE`, 504 `AGENT_TIMEOUT`.
 */
export type Agent = z.infer<typeof agent>;

export const agentRoleRequest = z.object({ role: agentRole });

export const host = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(["online", "offline"]),
  lastSeenAt: z.number().nullable(),
  /** False: it waits to be let in, and gets no machines. */
  admitted: z.boolean(),
  /** It gets no new machines. */
  drained: z.boolean(),
  /** Machines there that are not off. */
  machines: z.number().int(),
  /** Null: it is connected to another server or to none, it is older, or it did not answer. */
  facts: hostFacts.nullable(),
});
/** GET /hosts → host[]; POST /hosts/ID/drain (drainRequest) → host (administrators). 404 `HOST_UNKNOWN`. */
export type Host = z.infer<typeof host>;
export const drainRequest = z.object({ drained: z.boolean() });
