/** What the server remembers. Times are epoch milliseconds, ids are text. Nothing here is a secret's value. */
import type {
  Accel,
  AgentRole,
  MachineCause,
  MachineState,
  MachineTraits,
  Permission,
} from "../../protocol/index.ts";
import type { MachineOptions } from "./machine-options.ts";

export type Role = "view" | "control";
/**
 * What an account may do beside its own things. `operator`: everything with machines, hosts, agents and sessions, nothing with people
 * or keys. `auditor`: reads states and the audit log, shows no screen and changes nothing.
 */
export const ACCOUNT_ROLES = ["user", "operator", "admin", "auditor"] as const;
export type AccountRole = (typeof ACCOUNT_ROLES)[number];
/** The provider of accounts whose password is in this server's own database. */
export const LOCAL_PROVIDER = "local";
/** The provider of accounts that are no person's: programs use them by API tokens, nobody signs in. */
export const SERVICE_PROVIDER = "service";

export interface AgentRecord {
  readonly id: string;
  readonly name: string;
  /** Fixed when it joined; only an administrator changes it. `mip1`: speaks the first version, and has no key. */
  readonly kind: AgentRole | "mip1";
  /** Ed25519, 32 bytes, base64; empty without a key. */
  readonly publicKey: string;
  readonly createdAt: number;
  readonly lastSeenAt: number | null;
  readonly revokedAt: number | null;
  /** The server that holds its control connection, and the fencing epoch of that hold; null: offline. */
  readonly serverId: string | null;
  readonly epoch: number;
  /** A host that gets no new machines since then; null: it may. */
  readonly drainedAt: number | null;
  /** Since when a host may have machines; null: it waits to be let in, or is no host. */
  readonly admittedAt: number | null;
  /** When an administrator last changed what it may do; null: never. */
  readonly rightsChangedAt: number | null;
}

/** What a join secret gives to the agent that redeems it. */
export interface JoinGrant {
  readonly role: AgentRole;
  /** A host may have machines at once. */
  readonly admit: boolean;
}

export interface DesktopRecord {
  readonly id: string;
  readonly agentId: string;
  readonly name: string;
  readonly machineId: string | null;
  /** Published by an agent that is connected now. */
  readonly state: "online" | "offline";
  readonly createdAt: number;
  readonly lastSeenAt: number;
}

/** A desktop with what people need to tell two of the same name apart. */
export interface DesktopView extends DesktopRecord {
  readonly agentName: string;
}

export interface TokenRecord {
  readonly id: string;
  readonly desktopId: string;
  readonly role: Role;
  /** What its holder may not do, in the order of `PERMISSIONS`. */
  readonly denied: readonly Permission[];
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A token with its plaintext: for the one who made it. */
export interface IssuedToken extends TokenRecord {
  readonly token: string;
}

/** A token whose plaintext can be had: only for matching. */
export interface SealedToken extends TokenRecord {
  /** Null: the row was altered. It opens nothing, and must not hide the other tokens. */
  reveal(): string | null;
}

export interface OpenTokensPage {
  readonly tokens: readonly SealedToken[];
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null;
}

export interface TicketRecord {
  readonly desktopId: string;
  readonly role: Role;
  readonly denied: readonly Permission[];
  readonly createdBy: string;
  /** SHA-256 of the cookie of the login that it was made by; null: by none. */
  readonly loginHash: string | null;
  readonly expiresAt: number;
}

export interface SessionRecord {
  readonly id: string;
  readonly desktopId: string;
  readonly desktopName: string;
  readonly agentId: string;
  readonly serverId: string;
  /** `account`: name and password in a VNC viewer. */
  readonly method: "token" | "ticket" | "account";
  readonly transport: "rfb" | "websocket";
  readonly role: Role;
  readonly denied: readonly Permission[];
  readonly state: "open" | "closed";
  /** Token id, or the user who made the ticket or has signed in. */
  readonly subject: string;
  readonly sourceAddress: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly cause: string | null;
  readonly bytesToViewer: number;
  readonly bytesToServer: number;
}

/** What the state says about an open session: all that may end it. */
export interface SessionValidity {
  readonly id: string;
  /** Its end was requested, with this cause. */
  readonly orderedEnd: string | null;
  readonly desktopExists: boolean;
  readonly agentRevoked: boolean;
  /** The token it came with; null: none, or one that has expired and is deleted. */
  readonly token: (Pick<TokenRecord, "role" | "denied"> & { readonly revoked: boolean }) | null;
  /** The account that is its subject; null: none of that id. */
  readonly account: { readonly disabled: boolean } | null;
  /** It was opened by a login, and that is no more. */
  readonly loginEnded: boolean;
}

export interface UserRecord {
  readonly id: string;
  readonly name: string;
  readonly role: AccountRole;
  /** Empty: it has no password here. */
  readonly passwordHash: string;
  /** The sign-in provider that knows this person. */
  readonly provider: string;
  /** The provider's own key of the person, that is never given to another one; null: a local account. */
  readonly subject: string | null;
  readonly email: string | null;
  readonly createdAt: number;
  /** Since when it may do nothing; null: it may. */
  readonly disabledAt: number | null;
  readonly lastLoginAt: number | null;
  /** Another one after each change of role, address, state or password. */
  readonly version: number;
}

/** A token of the API. Its value is stored nowhere. */
export interface ApiTokenRecord {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  /** What it may do at most, beside what the account may not. */
  readonly scopes: readonly string[];
  /** Addresses and networks that it may come from; empty: any. */
  readonly sources: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
  /** To the minute; null: never. */
  readonly lastUsedAt: number | null;
}

/** A command line that waits until a person confirms it at the page. */
export interface DeviceLoginRecord {
  /** What it calls itself. */
  readonly name: string;
  /** What it asks for; once it is confirmed: what it gets. */
  readonly scopes: readonly string[];
  readonly address: string | null;
  /** Who confirmed it; null: nobody yet. */
  readonly userId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface LoginRecord {
  /** For people: it gives no access. */
  readonly id: string;
  readonly userId: string;
  /** Where the person signed in from; null: not known. */
  readonly address: string | null;
  /** The browser as it names itself, shortened; null: not known. */
  readonly browser: string | null;
  readonly createdAt: number;
  /** Kept to the minute. */
  readonly lastSeenAt: number;
  /** When the person last proved who they are. */
  readonly confirmedAt: number;
  readonly expiresAt: number;
}

/** The session at another service that a login comes from. */
export interface ProviderSessionRecord {
  /** The sign-in provider's id. */
  readonly provider: string;
  /** The service's own key of it; null: it has none. */
  readonly session: string | null;
  /** Tells the service which session is to end: a secret, kept sealed. Null: there is none. */
  readonly hint: string | null;
}

/** `recovery` codes stand in for a lost factor; who has nothing else has no factor. */
export const FACTOR_KINDS = ["totp", "passkey", "recovery"] as const;
export type FactorKind = (typeof FACTOR_KINDS)[number];

/** One thing by which a person proves who they are, beside the password. */
export interface FactorRecord {
  readonly id: string;
  readonly userId: string;
  readonly kind: Exclude<FactorKind, "recovery">;
  /** As its owner calls it; may be empty. */
  readonly name: string;
  /** The last used time step of an app, the last signature counter of a passkey; each counts upwards. */
  readonly counter: number;
  /** Wrong codes since the last right one, and until when no other one is looked at. */
  readonly tries: number;
  readonly openAt: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

/** A factor whose secret can be had: only for checking. */
export interface SealedFactor extends FactorRecord {
  /** Null: the row was altered. */
  reveal(): string | null;
}

/** Why the server ends a machine. */
export type MachineEnding = "lifetime" | "idle" | "closed";

/** A host that could not take a machine, and why. */
export interface TriedHost {
  readonly host: string;
  readonly why: string;
}

export interface MachineRecord extends Readonly<MachineTraits> {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly ownerId: string;
  /** The host that has it; null while it waits for one. */
  readonly agentId: string | null;
  readonly state: MachineState;
  readonly reason: string | null;
  /** The reason for programs and other languages; null: its host is older, or there is none. */
  readonly cause: MachineCause | null;
  readonly accel: Accel | null;
  readonly cpus: number;
  readonly memoryMb: number;
  /** What else was asked for, as its host is told. */
  readonly wish: MachineOptions;
  /** How long it may run at a time; null: as long as it likes. */
  readonly lifetimeMs: number | null;
  /** When this run is over; null: never, or it does not run. */
  readonly expiresAt: number | null;
  /** When its owner was told that it ends soon. */
  readonly warnedAt: number | null;
  /** Since when a one-shot machine has no viewer; null: it has one, or it does not run. */
  readonly idleSince: number | null;
  /** Whether anybody ever was. */
  readonly viewed: boolean;
  /** The server ends it; null: it does not. */
  readonly ending: MachineEnding | null;
  /** Its memory is on disk: the next start loads it. */
  readonly saved: boolean;
  /** `stopping` by its power button: when it is switched off; null: it is not, or its host is older. */
  readonly powerOffAt: number | null;
  /** How far the work of its state is, 0 to 1; null: not known. */
  readonly progress: number | null;
  /** Hosts that were considered while it waited. */
  readonly tried: readonly TriedHost[];
  readonly createdAt: number;
  readonly since: number;
}
