import type { Clock, Conversation, RfbVersion, RsaServerKey } from "../../protocol/index.ts";
import type { RsaWorker } from "./rsa-worker.ts";
import type { TokenIdentifier } from "../identify/token-identifier.ts";
import type { HandOverCodes } from "../identify/hand-over-codes.ts";
import type { PeopleSignIn, StartedSignIn } from "../identify/people-sign-in.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { Rights } from "../rights/rights.ts";
import type { Stores } from "../state/stores.ts";

/** How viewers authenticate by one RFB security type. */
export interface ViewerSecurity {
  /** A `SecurityType`, or a number that no registry has. */
  readonly type: number;
  /**
   * The credential came with the connection. It is checked before the type is offered: until then every version of RFB
   * can carry the reason for a refusal.
   */
  readonly precedesOffer?: true;
  /** Runs the handshake of the type, up to the credential. @throws what the handshake throws */
  authenticate(attempt: SecurityAttempt): Promise<ViewerAuthenticator>;
}

export interface SecurityAttempt {
  readonly viewer: AcceptedViewer;
  readonly version: RfbVersion;
  readonly dependencies: AuthenticatorDependencies;
  readonly signal: AbortSignal;
}

/** A viewer whose credential has been read: at this point of the handshake a refusal can still carry a reason. */
export interface ViewerAuthenticator {
  /** @throws ViewerRefusal */
  identify(): Promise<ViewerIdentity | StartedSignIn>;
  /** Refuses with the reason, where the viewer's RFB version can carry one. */
  refuse(peer: Conversation, reason: string): Promise<void>;
  /** After this the desktop has to be there. */
  accept(peer: Conversation): Promise<void>;
}

export interface AuthenticatorDependencies {
  readonly stores: Stores;
  readonly rights: Rights;
  readonly tokens: TokenIdentifier;
  /** For the RSA-AES security types. */
  readonly rsaKey: RsaServerKey;
  readonly rsaWorker: RsaWorker;
  /** People who have an account and come with its name; null: nobody does. */
  readonly people: () => PeopleSignIn | null;
  readonly handOvers: HandOverCodes;
  /** Names and passwords may be typed on screens that travel in clear. */
  readonly plainSignIn: boolean;
  readonly clock: Clock;
}
