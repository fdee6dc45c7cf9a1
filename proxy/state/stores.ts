/** The stores: the only access to the server's state. Every test of them runs on SQLite and on PostgreSQL. */
import type { AgentRole, MachineTraits, Permission } from "../../protocol/index.ts";
import type {
  AgentRecord,
  DesktopRecord,
  DesktopView,
  JoinGrant,
  MachineEnding,
  MachineRecord,
  OpenTokensPage,
  Role,
  SessionRecord,
  SessionValidity,
  TicketRecord,
  TokenRecord,
} from "./state-records.ts";
import type {
  ApiTokenStore,
  DeviceLoginStore,
  FactorStore,
  LoginStore,
  ProviderSessionStore,
  SignInStepStore,
  UserStore,
} from "./account-stores.ts";
import type { InvitationStore, SignUpStore } from "./newcomer-stores.ts";
import type { RepeatedRequestStore } from "./repeated-requests.ts";
import type { GrantStore, GroupStore, LabelStore } from "./rights-stores.ts";

export interface AgentStore {
  /**
   * @param agent `admitted`: a host that may have machines at once; default: it waits to be let in
   * @throws RequestError `AGENT_EXISTS` when the id is taken
   */
  add(
    agent: Pick<AgentRecord, "id" | "name" | "kind" | "publicKey"> & { readonly admitted?: boolean },
  ): Promise<AgentRecord>;
  find(id: string): Promise<AgentRecord | null>;
  /** Names by id; ids that are unknown are left out. */
  findNames(ids: readonly string[]): Promise<Map<string, string>>;
  list(): Promise<AgentRecord[]>;
  /** The hosts that were not revoked. */
  listHosts(): Promise<AgentRecord[]>;
  /**
   * Takes the agent for a server; returns the new epoch. The newest claim wins. Its desktops go offline until this
   * connection publishes them.
   * @param kind what the agent claims to be; it must be what is on record
   * @throws RequestError `AGENT_UNKNOWN`, `AGENT_REVOKED`, `ROLE_REFUSED`
   */
  claim(id: string, serverId: string, kind: AgentRecord["kind"]): Promise<number>;
  /** Gives it up, and marks its desktops offline, if `epoch` is still the current one; says whether it was. */
  release(id: string, epoch: number): Promise<boolean>;
  /** Final: its desktops go with their tokens and tickets, and it can never be claimed again. */
  revoke(id: string): Promise<void>;
  /**
   * Puts a new public key in the place of the old one, if the agent still has that key and `epoch` is still the
   * current one; says whether it did.
   */
  replaceKey(
    id: string,
    hold: { readonly epoch: number; readonly publicKey: string },
    newPublicKey: string,
  ): Promise<boolean>;
  /**
   * Changes what an agent may be; a host is let in with it.
   * @throws RequestError `AGENT_UNKNOWN`, `AGENT_REVOKED`, `ROLE_REFUSED` for an agent that speaks MiP 1
   */
  setRole(id: string, role: AgentRole): Promise<AgentRecord>;
  /** Agents whose role was changed at `since` or later. */
  listRightsChangedSince(since: number): Promise<Pick<AgentRecord, "id" | "kind" | "admittedAt">[]>;
  /** Ids of the agents that were revoked at `since` or later. */
  listRevokedSince(since: number): Promise<string[]>;
  /** What a server that starts finds of its own earlier run: all agents it held go offline. */
  releaseAll(serverId: string): Promise<void>;
  /** Whether a host gets new machines. @throws RequestError `AGENT_UNKNOWN` */
  setDrained(id: string, drained: boolean): Promise<AgentRecord>;
  /** Deletes agents of this kind that are offline, not revoked and not seen since then, with their desktops. */
  forget(kind: AgentRecord["kind"], lastSeenBefore: number): Promise<number>;
}

export interface DesktopStore {
  /**
   * Creates it, or finds it by agent, name and machine; marks it online. Another machine under the same name is a new
   * desktop, and the old one goes with its tokens and tickets.
   * @param limit how many desktops of the agent there may be, offline ones included; default: any number
   * @throws RequestError `AGENT_UNKNOWN`, `DESKTOP_LIMIT`
   */
  publish(agentId: string, name: string, machineId: string | null, limit?: number): Promise<DesktopRecord>;
  withdraw(agentId: string, name: string): Promise<void>;
  find(id: string): Promise<DesktopView | null>;
  /** Those that exist. */
  findMany(ids: readonly string[]): Promise<DesktopView[]>;
  list(): Promise<DesktopView[]>;
  listByAgent(agentId: string): Promise<DesktopView[]>;
  /** From any publisher: see `isDesktopOf` for those that count. */
  listByMachines(machineIds: readonly string[]): Promise<DesktopView[]>;
  /**
   * By `NAME` or `AGENT/NAME` (agent's name or id; no agent's name hides another one's id). More than one: the caller tells
   * the choices.
   */
  findByName(name: string): Promise<DesktopView[]>;
  /** Gone for good, with its tokens and tickets. */
  remove(id: string): Promise<void>;
  /** {@link remove}, unless it is published now; says whether it was there and is gone. */
  removeOffline(id: string): Promise<boolean>;
  /**
   * Removes desktops that were not published since then; returns them. Those that an open token or a repeater's number
   * leads to stay, and screens of machines.
   */
  forget(
    lastSeenBefore: number,
    options: { readonly now: number; readonly limit: number },
  ): Promise<Pick<DesktopRecord, "id" | "name" | "agentId">[]>;
}

export interface TokenStore {
  /** @throws RequestError `DESKTOP_UNKNOWN` */
  create(token: {
    readonly desktopId: string;
    readonly token: string;
    readonly role: Role;
    /** Default: nothing. */
    readonly denied?: readonly Permission[];
    readonly createdBy: string;
    readonly expiresAt: number;
  }): Promise<TokenRecord>;
  /** Those that live at `now`, a few at a time, for reading many at once holds up everything else. */
  listOpen(
    now: number,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<OpenTokensPage>;
  /** Null: unknown or revoked. */
  find(id: string): Promise<TokenRecord | null>;
  /** Without those that were revoked. */
  list(desktopId?: string): Promise<TokenRecord[]>;
  /** How many tokens of a user are valid at `now`. */
  countOpen(createdBy: string, now: number): Promise<number>;
  /** Without those that were revoked. */
  listByCreator(userId: string): Promise<TokenRecord[]>;
  /** Changes what is named. Null: unknown or revoked. */
  change(id: string, change: Partial<Pick<TokenRecord, "role" | "denied">>): Promise<TokenRecord | null>;
  /** Final. Its value is gone at once; that it was revoked is known until a day after it would have expired. */
  revoke(id: string): Promise<void>;
  deleteExpired(now: number): Promise<number>;
}

export interface TicketStore {
  /**
   * @param hash SHA-256 of the ticket, hex
   * @throws RequestError `DESKTOP_UNKNOWN`
   */
  create(
    hash: string,
    ticket: Omit<TicketRecord, "denied" | "loginHash"> & Partial<Pick<TicketRecord, "denied" | "loginHash">>,
  ): Promise<void>;
  /** Redeems it: of any number of parallel calls exactly one gets the record. Null: unknown, used or expired. */
  take(hash: string, now: number): Promise<TicketRecord | null>;
  deleteExpired(now: number): Promise<number>;
}

/** `otherRole`: the secret is for the other role, and stays as it is. */
export type JoinResult =
  | { readonly kind: "granted"; readonly admit: boolean }
  | { readonly kind: "otherRole" }
  | { readonly kind: "unknown" };

export interface JoinSecretStore {
  create(hash: string, expiresAt: number, grant: JoinGrant): Promise<void>;
  /** Redeems it for a role. Like {@link TicketStore.take}: it is granted to exactly one caller. */
  take(hash: string, role: AgentRole, now: number): Promise<JoinResult>;
  /** What is deleted stays so, whatever the clock does. */
  deleteExpired(now: number): Promise<number>;
}

/** Numbers of UltraVNC's repeater protocol. */
export interface RepeaterIdStore {
  /** @throws RequestError `DESKTOP_UNKNOWN` */
  create(hash: string, desktopId: string, expiresAt: number): Promise<void>;
  /** The desktop's id; null: unknown or expired. */
  find(hash: string, now: number): Promise<string | null>;
  deleteExpired(now: number): Promise<number>;
}

export interface SessionStore {
  open(
    session: Omit<
      SessionRecord,
      "denied" | "state" | "endedAt" | "cause" | "bytesToViewer" | "bytesToServer"
    > &
      Partial<Pick<SessionRecord, "denied"> & Pick<TicketRecord, "loginHash">>,
  ): Promise<void>;
  /** All open sessions of one server, in one query. */
  listValidity(serverId: string): Promise<SessionValidity[]>;
  /** Asks the server that has the session to end it; says whether there is such an open session. */
  requestEnd(id: string, cause: string): Promise<boolean>;
  /** The first end counts; a session that is closed already stays as it is. */
  close(
    id: string,
    end: Pick<SessionRecord, "cause" | "bytesToViewer" | "bytesToServer"> & { readonly endedAt: number },
  ): Promise<void>;
  /** How many are open on all servers together, by desktop. */
  countOpen(): Promise<Map<string, number>>;
  find(id: string): Promise<SessionRecord | null>;
  /** Newest first, 1,000 at most unless `limit` says otherwise; `after`: those behind this one. */
  list(filter?: {
    readonly state?: SessionRecord["state"];
    readonly after?: Pick<SessionRecord, "id" | "startedAt">;
    readonly limit?: number;
  }): Promise<SessionRecord[]>;
  /** Names of those who have, or gave, the right of these sessions; without those that are no longer known. */
  listPeople(ids: readonly string[]): Promise<Map<string, string>>;
  /**
   * Deletes closed sessions that began and ended before this, and those beyond the newest `keep`: the oldest first, `limit` at
   * most. Returns how many.
   */
  forget(older: { readonly before: number; readonly keep: number; readonly limit: number }): Promise<number>;
  /** What a server that starts finds of its own earlier run. */
  closeAll(serverId: string, cause: string): Promise<void>;
}

export type NewMachine = Pick<
  MachineRecord,
  "id" | "name" | "image" | "ownerId" | "state" | "cpus" | "memoryMb"
> &
  Partial<Pick<MachineRecord, keyof MachineTraits | "wish" | "lifetimeMs">>;

export type MachineChange = Partial<
  Omit<MachineRecord, keyof MachineTraits | "id" | "name" | "image" | "ownerId" | "createdAt" | "since">
>;

export interface MachineStore {
  /** @throws RequestError `MACHINE_NAME_TAKEN`: names of machines that exist are unique */
  add(machine: NewMachine): Promise<MachineRecord>;
  find(id: string): Promise<MachineRecord | null>;
  /** Those that exist. */
  findMany(ids: readonly string[]): Promise<MachineRecord[]>;
  list(): Promise<MachineRecord[]>;
  listByOwner(ownerId: string): Promise<MachineRecord[]>;
  /** Those that this host has. */
  listByAgent(agentId: string): Promise<MachineRecord[]>;
  /** Those that are queued or prepared, with or without a host. */
  listPending(): Promise<MachineRecord[]>;
  /** Those that end by themselves: one-shot ones, those with an end of their run, and those that the server ends. */
  listEnding(): Promise<MachineRecord[]>;
  /** Those whose names begin like this. */
  listNamedFrom(prefix: string): Promise<Pick<MachineRecord, "name" | "wish">[]>;
  /** How many machines that are not off each host has, by the host's id. */
  countPlaced(): Promise<Map<string, number>>;
  /** Changes what is named; `since` moves when the state does. Null: unknown. */
  update(id: string, change: MachineChange): Promise<MachineRecord | null>;
  /**
   * Takes a queued machine without a host for this server alone, until then or until it is let go. Null: another server
   * has it, or it waits no longer.
   */
  claim(id: string, serverId: string, until: number): Promise<MachineRecord | null>;
  /** Lets it go. */
  release(id: string, serverId: string): Promise<void>;
  /** Decides that the machine ends; true: it was not decided before. */
  beginEnding(id: string, cause: MachineEnding): Promise<boolean>;
  /** Its owner is told that this run ends soon; true: the owner had not been warned before. */
  beginWarning(id: string): Promise<boolean>;
  remove(id: string): Promise<void>;
}

/** Where people's data disks are, so that a disk whose host is away is not made a second time. Names are `OWNER/NAME`. */
export interface DataDiskStore {
  /** The host's id; null: nowhere yet. */
  find(name: string): Promise<string | null>;
  /** How many of them are this person's, by the account's name. */
  countOwned(owner: string): Promise<number>;
  /** It is there from now on. */
  place(name: string, agentId: string): Promise<void>;
  /**
   * What hosts say they have: all of it, and nothing else. A disk that is known on another host stays there, unless
   * that host's list in the same call no longer has it.
   * @param lists names, by the host's id
   */
  applyHostReports(lists: ReadonlyMap<string, readonly string[]>): Promise<void>;
}

/** Small named values that belong to the service as a whole; sealed with the data folder's master key. */
export interface ServiceStore {
  get(name: string): Promise<string | null>;
  /** Sets it if it is not set yet, and returns the stored value: two servers that start at once agree. */
  getOrCreate(name: string, make: () => string | Promise<string>): Promise<string>;
  /** Puts `value` in place of exactly `expected`; false: something else is there, and stays. */
  replace(name: string, expected: string, value: string): Promise<boolean>;
}

export interface Stores {
  readonly agents: AgentStore;
  readonly desktops: DesktopStore;
  readonly tokens: TokenStore;
  readonly tickets: TicketStore;
  readonly joinSecrets: JoinSecretStore;
  readonly repeaterIds: RepeaterIdStore;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly logins: LoginStore;
  readonly apiTokens: ApiTokenStore;
  readonly deviceLogins: DeviceLoginStore;
  readonly invitations: InvitationStore;
  readonly signUps: SignUpStore;
  readonly groups: GroupStore;
  readonly grants: GrantStore;
  readonly labels: LabelStore;
  readonly signInSteps: SignInStepStore;
  readonly providerSessions: ProviderSessionStore;
  readonly factors: FactorStore;
  readonly repeatedRequests: RepeatedRequestStore;
  readonly machines: MachineStore;
  readonly dataDisks: DataDiskStore;
  readonly service: ServiceStore;
  close(): Promise<void>;
}

export interface StateOptions {
  /** `sqlite:PATH` or `postgres://…`. */
  readonly database: string;
  /** 32 bytes; seals tokens, secrets of factors and service values (AES-256-GCM). */
  readonly masterKey: Buffer;
}
