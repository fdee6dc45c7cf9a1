/** The stores of those who have no account yet: whom an administrator invites, and who asks for one. */
import type { AccountRole, UserRecord } from "./state-records.ts";

/** A link by which one person gets an account. Its secret is stored nowhere. */
export interface InvitationRecord {
  readonly id: string;
  readonly role: AccountRole;
  /** Those of them that are still there, and that administrators fill, the person enters. */
  readonly groupIds: readonly string[];
  /** The account's name; null: the person chooses one. */
  readonly name: string | null;
  readonly email: string | null;
  /** Whose account made it; null: the server's own socket. */
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What an account gets with its first sign-in. */
interface NewcomerAccount {
  /** New, so that the audit log knows it before. */
  readonly id: string;
  readonly name: string;
  readonly passwordHash: string;
}

/** When an invitation counts. */
interface InvitationTerms {
  readonly now: number;
  /** Roles that may invite: who has lost theirs invites nobody any more. */
  readonly makers: readonly AccountRole[];
}

/** Each by the SHA-256 of its secret, hex. */
export interface InvitationStore {
  /**
   * @param most so many at once
   * @throws RequestError `LIMIT_INVITATIONS`, `USER_UNKNOWN` for its maker
   */
  create(hash: string, invitation: InvitationRecord, most: number): Promise<void>;
  /** Null: unknown, used, expired, or its maker may invite no more. */
  find(hash: string, terms: InvitationTerms): Promise<InvitationRecord | null>;
  /** Newest first. */
  list(now: number): Promise<InvitationRecord[]>;
  /** What it was; null: it is not there, or has expired. */
  remove(id: string, now: number): Promise<InvitationRecord | null>;
  /**
   * Makes the account, with its groups: of any number of parallel calls exactly one does. Null as {@link find}.
   * @throws RequestError `USER_EXISTS`, and then it was not used
   */
  redeem(hash: string, account: NewcomerAccount, terms: InvitationTerms): Promise<UserRecord | null>;
  deleteExpired(now: number): Promise<number>;
}

/** Somebody who asks for an account. It gives no right, and nothing else knows of it. */
export interface SignUpRecord {
  readonly id: string;
  /** An account, or another one who asks, may have the same. */
  readonly name: string;
  readonly passwordHash: string;
  /** What they say of themselves. */
  readonly reason: string;
  /** Where from, as `sourceKey` has it. */
  readonly source: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface SignUpStore {
  /** Whether one more of this source may wait. */
  hasCapacity(source: string, most: { readonly inAll: number; readonly ofSource: number }): Promise<boolean>;
  add(request: SignUpRecord): Promise<void>;
  /** The newest one of this name, whatever its case. */
  findByName(name: string, now: number): Promise<SignUpRecord | null>;
  find(id: string, now: number): Promise<SignUpRecord | null>;
  /** Oldest first. */
  list(now: number): Promise<SignUpRecord[]>;
  /**
   * Makes the account: of any number of parallel calls exactly one does. Null: nobody asks any more.
   * @throws RequestError `USER_EXISTS`, and then it goes on waiting
   */
  approve(
    id: string,
    account: { readonly userId: string; readonly role: AccountRole; readonly groupIds: readonly string[] },
    now: number,
  ): Promise<UserRecord | null>;
  /** Says whether it was there. */
  remove(id: string): Promise<boolean>;
  deleteExpired(now: number): Promise<number>;
}
