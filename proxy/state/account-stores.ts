/** The stores of accounts, and of all by which people and their programs prove who they are. */
import type {
  AccountRole,
  ApiTokenRecord,
  DeviceLoginRecord,
  FactorRecord,
  LoginRecord,
  ProviderSessionRecord,
  SealedFactor,
  UserRecord,
} from "./state-records.ts";

/** What an account is made of. */
export interface NewUser {
  /** Default: a new one. */
  readonly id?: string;
  readonly name: string;
  readonly role: AccountRole;
  /** Empty: no password here. */
  readonly passwordHash: string;
  /** Default: an account of this server. */
  readonly provider?: string;
  readonly subject?: string | null;
  readonly email?: string | null;
}

/** Which accounts a list has. */
export interface UserQuery {
  /** In the name or the e-mail address, whatever their case. */
  readonly search?: string;
  readonly role?: AccountRole;
  readonly state?: "enabled" | "disabled";
  /** The last name of the page before. */
  readonly after?: string;
  readonly limit: number;
}

export interface UserStore {
  /** @throws RequestError `USER_EXISTS`: names are unique whatever their case */
  add(user: NewUser): Promise<UserRecord>;
  findByName(name: string): Promise<UserRecord | null>;
  /** By the provider's own key of the person. */
  findBySubject(provider: string, subject: string): Promise<UserRecord | null>;
  /** Who has this mail address, whatever its case. Two at most: an address that people share finds none of them. */
  findByEmail(email: string): Promise<UserRecord[]>;
  /**
   * Which of these names nobody else may get, as `foldName` has them: those of accounts, and the mail addresses of accounts, by which
   * people are found, too.
   */
  findTaken(names: readonly string[]): Promise<Set<string>>;
  find(id: string): Promise<UserRecord | null>;
  /** Counts the version up if it is one of these: of several calls at once with the same one, one gets true. */
  takeVersion(id: string, versions: readonly number[]): Promise<boolean>;
  /** The logins and tickets of before end, but for one login where it is named. */
  setPassword(id: string, passwordHash: string, keptLogin?: string | null): Promise<void>;
  /**
   * Its logins, tickets and API tokens end; its tokens too where the new role may see less. Null: unknown.
   * @throws RequestError `LAST_ADMIN`
   */
  setRole(id: string, role: AccountRole): Promise<UserRecord | null>;
  /** Changes what is named. Null: unknown. */
  update(id: string, change: Partial<Pick<UserRecord, "email" | "lastLoginAt">>): Promise<UserRecord | null>;
  /**
   * It may do nothing until it is enabled; its logins, tickets and tokens of both kinds are gone for good.
   * @throws RequestError `LAST_ADMIN`
   */
  disable(id: string): Promise<void>;
  enable(id: string): Promise<void>;
  /** Gone, with its logins, tickets and tokens. @throws RequestError `LAST_ADMIN` */
  remove(id: string): Promise<void>;
  count(): Promise<number>;
  /** Names by id; ids that are unknown are left out. */
  findNames(ids: readonly string[]): Promise<Map<string, string>>;
  findOldestAdmin(): Promise<UserRecord | null>;
  /** By name. */
  list(query: UserQuery): Promise<UserRecord[]>;
}

export interface LoginStore {
  /**
   * @param hash SHA-256 of the cookie's value, hex
   * @throws RequestError `USER_UNKNOWN`
   */
  create(hash: string, login: LoginRecord): Promise<void>;
  find(hash: string, now: number): Promise<LoginRecord | null>;
  /** Which of these are valid, their accounts not disabled: with one query for hundreds. */
  filterOpen(hashes: readonly string[], now: number): Promise<Set<string>>;
  /** Newest first. */
  listByUser(userId: string, now: number): Promise<LoginRecord[]>;
  touch(hash: string, now: number): Promise<void>;
  /** The person has proven anew who they are. */
  confirm(hash: string, now: number): Promise<void>;
  remove(hash: string): Promise<void>;
  /** One of a person's; says whether it was there. */
  removeById(userId: string, id: string): Promise<boolean>;
  /** All of a person's but this one; says how many. */
  removeOthers(userId: string, exceptHash: string | null): Promise<number>;
  deleteExpired(now: number): Promise<number>;
}

/** Tokens of the API, each by the SHA-256 of its value, hex. */
export interface ApiTokenStore {
  /** @throws RequestError `USER_UNKNOWN` */
  create(hash: string, token: ApiTokenRecord): Promise<void>;
  find(hash: string, now: number): Promise<ApiTokenRecord | null>;
  /** Which of these are valid, their accounts not disabled. */
  filterOpen(hashes: readonly string[], now: number): Promise<Set<string>>;
  /** Newest first. */
  listByUser(userId: string, now: number): Promise<ApiTokenRecord[]>;
  touch(hash: string, now: number): Promise<void>;
  /** One of an account's; says whether it was there. */
  removeById(userId: string, id: string): Promise<boolean>;
  deleteExpired(now: number): Promise<number>;
}

/** Command lines that wait for a person at the page. */
export interface DeviceLoginStore {
  /**
   * @param hash SHA-256 of what the command line holds, hex; `codeHash`: of what the person types
   * @param most so many at once: the one that has waited longest goes
   */
  create(hash: string, codeHash: string, login: DeviceLoginRecord, most: number): Promise<void>;
  /** One that nobody has confirmed yet. */
  findByCode(codeHash: string, now: number): Promise<DeviceLoginRecord | null>;
  /** Says whether it was waiting; of any number of parallel calls exactly one gets true. */
  confirm(codeHash: string, userId: string, scopes: readonly string[], now: number): Promise<boolean>;
  /** Says whether it was waiting. */
  refuse(codeHash: string): Promise<boolean>;
  /** Redeems one that was confirmed: exactly one caller gets it. Null: unknown, expired or refused. */
  take(hash: string, now: number): Promise<DeviceLoginRecord | "waiting" | null>;
  deleteExpired(now: number): Promise<number>;
}

/** Sign-ins that wait for more than a name and a password. */
export interface SignInStepStore {
  /** @param hash SHA-256 of what the browser holds, hex; `value`: what the sign-in knows so far, sealed in the database */
  create(hash: string, value: string, expiresAt: number): Promise<void>;
  /** Counts a try before it is checked, so that parallel ones count too. Null: unknown, expired, or tried too often. */
  try(hash: string, now: number, maxTries: number): Promise<string | null>;
  /** Ends it: of any number of parallel calls exactly one gets true. */
  take(hash: string): Promise<boolean>;
  /** Keeps in mind that something was used: of any number of parallel calls exactly one gets true, until it expires. */
  useOnce(hash: string, expiresAt: number): Promise<boolean>;
  deleteExpired(now: number): Promise<number>;
}

/** What ended at another service. One of `userId` and `session` is there. */
export interface EndedSession {
  readonly provider: string;
  /** Null: the service named the session alone. */
  readonly userId: string | null;
  /** Null: all sessions of the person. */
  readonly session: string | null;
}

export interface EndedLogin {
  readonly hash: string;
  readonly userId: string;
}

/** Which sessions at other services logins come from; gone with their login. */
export interface ProviderSessionStore {
  create(loginHash: string, session: ProviderSessionRecord): Promise<void>;
  find(loginHash: string): Promise<ProviderSessionRecord | null>;
  /** Ends the logins that come from it. A login of the person whose session is not known ends too. */
  endLogins(ended: EndedSession): Promise<EndedLogin[]>;
}

export type NewFactor = Pick<FactorRecord, "userId" | "kind" | "name" | "counter"> & {
  /** What it is found by: no two factors share one. */
  readonly locator: string;
  /** Kept sealed. */
  readonly secret: string;
};

export interface AddedFactor {
  readonly factor: FactorRecord;
  /** The recovery codes are the person's now; false: there were some already, and those stay. */
  readonly recoveryKept: boolean;
}

export interface FactorStore {
  /**
   * A person has one app: a new one takes the place of the old one.
   * @param options `limit`: of this kind; `recovery`: hashes of codes for a person who has none yet
   * @throws RequestError `USER_UNKNOWN`, `FACTOR_EXISTS`, `FACTOR_LIMIT`
   */
  add(
    factor: NewFactor,
    options: { readonly limit: number; readonly recovery: readonly string[] },
  ): Promise<AddedFactor>;
  /** The oldest first, without recovery codes. */
  listByUser(userId: string): Promise<SealedFactor[]>;
  findByLocator(locator: string): Promise<SealedFactor | null>;
  /**
   * Takes one step or one count: of any number of parallel calls with the same one exactly one gets true, and none with an older one.
   * A passkey that does not count, and says 0 each time, always gets true.
   */
  use(id: string, counter: number, now: number): Promise<boolean>;
  /** Counts a try before its code is looked at. False: another one was counted in between. */
  countTry(
    id: string,
    known: Pick<FactorRecord, "tries">,
    counted: Pick<FactorRecord, "tries" | "openAt">,
  ): Promise<boolean>;
  /** One of a person's; with the last one its recovery codes go. Says whether it was there. */
  remove(userId: string, id: string): Promise<boolean>;
  /** All of a person's, recovery codes too; says how many factors without those. */
  removeAll(userId: string): Promise<number>;
  /** The codes of before count no longer. */
  replaceRecovery(userId: string, hashes: readonly string[]): Promise<void>;
  /** Redeems a code: of any number of parallel calls exactly one gets true. */
  takeRecovery(userId: string, hash: string): Promise<boolean>;
  countRecovery(userId: string): Promise<number>;
}
