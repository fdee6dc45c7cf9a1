import type { MachineRow } from "./machine-row.ts";
import type { InvitationRecord, SignUpRecord } from "./newcomer-stores.ts";
import type { BegunRequest } from "./repeated-requests.ts";
import type { GrantRecord, GroupRecord, Rule } from "./rights-records.ts";
import type {
  AgentRecord,
  ApiTokenRecord,
  DesktopRecord,
  DeviceLoginRecord,
  FactorKind,
  FactorRecord,
  JoinGrant,
  LoginRecord,
  SessionRecord,
  TicketRecord,
  TokenRecord,
  UserRecord,
} from "./state-records.ts";

/** A record whose permissions are text. */
type Packed<R> = Omit<R, "denied"> & { readonly denied: string };

export type ApiTokenColumns = Omit<ApiTokenRecord, "scopes" | "sources"> & {
  readonly hash: string;
  readonly scopes: string;
  readonly sources: string;
};

/** `groupIds`: JSON. */
export type InvitationColumns = Omit<InvitationRecord, "groupIds"> & {
  readonly hash: string;
  readonly groupIds: string;
};

/** The tables as Kysely sees them: the records, plus what only the database knows. Columns are snake_case there. */
export interface Tables {
  agents: AgentRecord;
  /** `admit`: SQLite has no booleans. */
  joinSecrets: {
    readonly hash: string;
    readonly expiresAt: number;
    readonly role: JoinGrant["role"];
    readonly admit: number;
  };
  desktops: DesktopRecord;
  /** `sealed`: the token under the master key; empty once it is revoked. */
  tokens: Packed<TokenRecord> & { readonly sealed: string; readonly revokedAt: number | null };
  tickets: Packed<TicketRecord> & { readonly hash: string };
  repeaterIds: { readonly hash: string; readonly desktopId: string; readonly expiresAt: number };
  sessions: Packed<SessionRecord> & {
    readonly orderedEnd: string | null;
    readonly loginHash: string | null;
  };
  /** `nameKey`: the name folded, so that names are unique whatever their case. */
  users: UserRecord & { readonly nameKey: string };
  logins: LoginRecord & { readonly hash: string };
  apiTokens: ApiTokenColumns;
  invitations: InvitationColumns;
  /** `nameKey`: folded, as that of accounts. */
  signUpRequests: SignUpRecord & { readonly nameKey: string };
  /** `hash`: of what the command line holds; `codeHash`: of what the person types. */
  deviceLogins: Omit<DeviceLoginRecord, "scopes"> & {
    readonly hash: string;
    readonly codeHash: string;
    readonly scopes: string;
  };
  /** `sealed`: what the sign-in knows so far, under the master key. */
  signInSteps: {
    readonly hash: string;
    readonly sealed: string;
    readonly tries: number;
    readonly expiresAt: number;
  };
  /** `sealed`: the hint, under the master key. */
  providerSessions: {
    readonly loginHash: string;
    readonly provider: string;
    readonly session: string | null;
    readonly sealed: string | null;
  };
  /** `locator`: what a row is found by; `sealed`: the secret under the master key, empty for a recovery code. */
  factors: Omit<FactorRecord, "kind"> & {
    readonly kind: FactorKind;
    readonly locator: string;
    readonly sealed: string;
  };
  /** `nameKey`, `knownKey`: folded, so that they are unique whatever their case; `limits`: JSON. */
  groups: Omit<GroupRecord, "limits"> & {
    readonly nameKey: string;
    readonly knownKey: string;
    readonly limits: string;
  };
  groupMembers: { readonly groupId: string; readonly userId: string };
  /** `holderId`: the person or the group. */
  grants: GrantRecord & Pick<Rule, "agent" | "name" | "exact"> & { readonly holderId: string };
  /** `targetId`: the desktop or the agent. */
  labels: {
    readonly targetId: string;
    readonly label: string;
    readonly agentId: string | null;
    readonly desktopId: string | null;
  };
  /** One row: the number of the latest change of anybody's rights. */
  rightsRevision: { readonly id: number; readonly revision: number };
  rightsChanges: {
    readonly revision: number;
    readonly userId: string | null;
    readonly groupId: string | null;
    readonly changedAt: number;
  };
  /** `request`, `sealed`: under the master key, the latter the answer; `status` null: there is none yet. */
  repeatedRequests: BegunRequest & { readonly status: number | null; readonly sealed: string | null };
  machines: MachineRow;
  /** `name`: `OWNER/NAME`. */
  dataDisks: { readonly name: string; readonly agentId: string };
  service: { readonly name: string; readonly sealed: string; readonly createdAt: number };
}
