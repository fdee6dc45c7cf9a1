import {
  challengeViewer,
  Conversation,
  greetViewer,
  negotiateSecurity,
  refuseViewer,
  SecurityType,
  sendSecurityFailure,
  sendSecurityOk,
  type Clock,
  type RfbVersion,
} from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Viewer } from "../admit/viewer.ts";
import type { TokenIdentifier } from "../identify/by-token.ts";
import { redeemTicket } from "../identify/by-ticket.ts";
import type { Identity } from "../identify/identity.ts";
import { Refusal } from "../refusals.ts";
import type { Stores } from "../state/stores.ts";

/**
 * A viewer that stands before the door, at the point of the handshake from which it can still be told
 * why it does not come in.
 */
export interface Threshold {
  /** @throws Refusal */
  identify(): Promise<Identity>;
  /** Says no with the reason, where the viewer's RFB version has room for one. */
  refuse(peer: Conversation, reason: string): Promise<void>;
  /** Says yes; from here on the desktop has to be there. */
  accept(peer: Conversation): Promise<void>;
}

export interface ThresholdParts {
  readonly stores: Stores;
  readonly tokens: TokenIdentifier;
  readonly clock: Clock;
}

/** A conversation with a viewer that is given back, whatever happens. */
export async function converse<T>(
  viewer: Viewer,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
  talk: (peer: Conversation) => Promise<T>,
): Promise<T> {
  const limits = { deadlineMs, maxBytes: LIMITS.rfbHandshakeBytes };
  const peer = new Conversation(viewer.stream, limits, clock, signal);
  try {
    return await talk(peer);
  } finally {
    peer.release();
  }
}

/** Brings a viewer to the threshold. @throws what the handshake throws */
export async function approach(
  viewer: Viewer,
  parts: ThresholdParts,
  signal: AbortSignal,
): Promise<Threshold> {
  const { clock } = parts;
  const greet = (peer: Conversation): Promise<RfbVersion> => greetViewer(peer);
  if (viewer.ticket !== null) {
    const version = await converse(viewer, LIMITS.rfbHandshakeMs, clock, signal, greet);
    return standWithTicket(viewer.ticket, version, parts);
  }
  const wait = parts.tokens.waitMs(viewer.source);
  const version = await converse(viewer, LIMITS.rfbHandshakeMs, clock, signal, async (peer) => {
    const spoken = await greet(peer);
    if (wait === 0) await negotiateSecurity(peer, spoken, [SecurityType.vncAuth]);
    return spoken;
  });
  if (wait > 0) return standThrottled(version, wait);
  const guess = await converse(viewer, LIMITS.tokenEntryMs, clock, signal, challengeViewer);
  return {
    identify: () => parts.tokens.identify(viewer.source, guess),
    refuse: (peer, reason) => sendSecurityFailure(peer, version, SecurityType.vncAuth, reason),
    accept: (peer) => sendSecurityOk(peer, version, SecurityType.vncAuth),
  };
}

/** The ticket is checked before a security type is offered: then every version has room for a reason. */
function standWithTicket(ticket: string, version: RfbVersion, { stores, clock }: ThresholdParts): Threshold {
  return {
    identify: () => redeemTicket(ticket, stores, clock),
    refuse: (peer, reason) => refuseViewer(peer, version, reason),
    accept: async (peer) => {
      const type = await negotiateSecurity(peer, version, [SecurityType.none]);
      await sendSecurityOk(peer, version, type);
    },
  };
}

function standThrottled(version: RfbVersion, waitMs: number): Threshold {
  return {
    identify: () => Promise.reject(new Refusal("SOURCE_THROTTLED", { waitMs })),
    refuse: (peer, reason) => refuseViewer(peer, version, reason),
    accept: () => Promise.reject(new Error("a throttled viewer is never accepted")),
  };
}
