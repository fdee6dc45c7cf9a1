/** The stores: the only way to the server's memory. Every test of them runs on SQLite and on PostgreSQL. */
import type {
  AccountRole,
  AgentRecord,
  DesktopRecord,
  DesktopView,
  LoginRecord,
  MachineRecord,
  OpenToken,
  Role,
  SessionRecord,
  TicketRecord,
  TokenRecord,
  UserRecord,
} from "./records.ts";

export interface AgentStore {
  /** @throws RequestError `AGENT_EXISTS` when the id is taken */
  add(agent: Pick<AgentRecord, "id" | "name" | "kind" | "publicKey">): Promise<AgentRecord>;
  find(id: string): Promise<AgentRecord | null>;
  list(): Promise<AgentRecord[]>;
  /**
   * Takes the agent for a server; returns the new epoch. The newest claim wins. Its desktops go offline until this
   * connection publishes them.
   * @throws RequestError `AGENT_UNKNOWN`, `AGENT_REVOKED`
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
  /** Ids of the agents that were revoked at `since` or later. */
  listRevokedSince(since: number): Promise<string[]>;
  /** What a server that starts finds of its own earlier life: all agents it held go offline. */
  releaseAll(serverId: string): Promise<void>;
}

export interface DesktopStore {
  /**
   * Creates it, or finds it by agent, name and machine; marks it online. Another machine under the same name is a new
   * desktop, and the old one goes with its tokens and tickets.
   * @throws RequestError `AGENT_UNKNOWN`
   */
  publish(agentId: string, name: string, machineId: string | null): Promise<DesktopRecord>;
  withdraw(agentId: string, name: string): Promise<void>;
  find(id: string): Promise<DesktopView | null>;
  list(): Promise<DesktopView[]>;
  /** By `NAME` or `AGENT/NAME` (agent's name or id). More than one: the caller tells the choices. */
  findByName(name: string): Promise<DesktopView[]>;
  /** Gone for good, with its tokens and tickets. */
  remove(id: string): Promise<void>;
}

export interface TokenStore {
  /** @throws RequestError `DESKTOP_UNKNOWN` */
  create(token: {
    readonly desktopId: string;
    readonly token: string;
    readonly role: Role;
    readonly createdBy: string;
    readonly expiresAt: number;
  }): Promise<TokenRecord>;
  /** All that live at `now`, decrypted: the proxy keeps them ready for matching. */
  listOpen(now: number): Promise<OpenToken[]>;
  list(desktopId?: string): Promise<TokenRecord[]>;
  revoke(id: string): Promise<void>;
  deleteExpired(now: number): Promise<number>;
}

export interface TicketStore {
  /**
   * @param hash SHA-256 of the ticket, hex
   * @throws RequestError `DESKTOP_UNKNOWN`
   */
  create(hash: string, ticket: TicketRecord): Promise<void>;
  /** Redeems it: of any number of parallel calls exactly one gets the record. Null: unknown, used or expired. */
  take(hash: string, now: number): Promise<TicketRecord | null>;
  deleteExpired(now: number): Promise<number>;
}

export interface JoinSecretStore {
  create(hash: string, expiresAt: number): Promise<void>;
  /** Like {@link TicketStore.take}: exactly one caller gets true. */
  take(hash: string, now: number): Promise<boolean>;
}

export interface SessionStore {
  open(
    session: Omit<SessionRecord, "state" | "endedAt" | "cause" | "bytesToViewer" | "bytesToServer">,
  ): Promise<void>;
  /** The first end counts; a session that is closed already stays as it is. */
  close(
    id: string,
    end: Pick<SessionRecord, "cause" | "bytesToViewer" | "bytesToServer"> & { readonly endedAt: number },
  ): Promise<void>;
  /** Newest first, 1,000 at most unless `limit` says otherwise. */
  list(filter?: {
    readonly state?: SessionRecord["state"];
    readonly limit?: number;
  }): Promise<SessionRecord[]>;
  /** What a server that starts finds of its own earlier life. */
  closeAll(serverId: string, cause: string): Promise<void>;
}

export interface UserStore {
  /** @throws RequestError `USER_EXISTS`: names are unique whatever their case */
  add(user: {
    readonly name: string;
    readonly role: AccountRole;
    readonly passwordHash: string;
  }): Promise<UserRecord>;
  findByName(name: string): Promise<UserRecord | null>;
  find(id: string): Promise<UserRecord | null>;
  setPassword(id: string, passwordHash: string): Promise<void>;
  count(): Promise<number>;
  list(): Promise<UserRecord[]>;
}

export interface LoginStore {
  /**
   * @param hash SHA-256 of the cookie's value, hex
   * @throws RequestError `USER_UNKNOWN`
   */
  create(hash: string, login: LoginRecord): Promise<void>;
  find(hash: string, now: number): Promise<LoginRecord | null>;
  remove(hash: string): Promise<void>;
  deleteExpired(now: number): Promise<number>;
}

export interface MachineStore {
  /** @throws RequestError `MACHINE_NAME_TAKEN`: names of machines that exist are unique */
  add(
    machine: Omit<MachineRecord, "createdAt" | "since" | "accel" | "reason" | "agentId">,
  ): Promise<MachineRecord>;
  find(id: string): Promise<MachineRecord | null>;
  list(): Promise<MachineRecord[]>;
  /** Changes what is named; `since` moves when the state does. Null: unknown. */
  update(
    id: string,
    change: Partial<Pick<MachineRecord, "state" | "reason" | "accel" | "agentId" | "cpus" | "memoryMb">>,
  ): Promise<MachineRecord | null>;
  remove(id: string): Promise<void>;
}

/** Small named values that belong to the service as a whole; sealed with the data folder's master key. */
export interface ServiceStore {
  get(name: string): Promise<string | null>;
  /** Sets it if nobody has yet, and returns what is there then: two servers that start at once agree. */
  getOrCreate(name: string, make: () => string | Promise<string>): Promise<string>;
}

export interface Stores {
  readonly agents: AgentStore;
  readonly desktops: DesktopStore;
  readonly tokens: TokenStore;
  readonly tickets: TicketStore;
  readonly joinSecrets: JoinSecretStore;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly logins: LoginStore;
  readonly machines: MachineStore;
  readonly service: ServiceStore;
  close(): Promise<void>;
}

export interface StateOptions {
  /** `sqlite:PATH` or `postgres://…`. */
  readonly database: string;
  /** 32 bytes; seals tokens and service values (AES-256-GCM). */
  readonly masterKey: Buffer;
}
