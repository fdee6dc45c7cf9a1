import type { Clock, Conversation, RsaServerKey } from "../../protocol/index.ts";
import type { TokenIdentifier } from "../identify/token-identifier.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { Stores } from "../state/stores.ts";

/**
 * A viewer that stands before the door, at the point of the handshake from which it can still be told
 * why it does not come in.
 */
export interface ViewerAuthenticator {
  /** @throws Refusal */
  identify(): Promise<ViewerIdentity>;
  /** Says no with the reason, where the viewer's RFB version has room for one. */
  refuse(peer: Conversation, reason: string): Promise<void>;
  /** Says yes; from here on the desktop has to be there. */
  accept(peer: Conversation): Promise<void>;
}

export interface AuthenticatorDependencies {
  readonly stores: Stores;
  readonly tokens: TokenIdentifier;
  /** What the RSA-AES security types show to viewers. */
  readonly rsaKey: RsaServerKey;
  readonly clock: Clock;
}
