import {
  challengeViewer,
  exchangeVersions,
  isRsaAes,
  negotiateSecurity,
  refuseViewer,
  SecurityType,
  sendSecurityFailure,
  sendSecurityOk,
  type Conversation,
  type RfbVersion,
} from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import { offerSecurity } from "../admit/security-offer.ts";
import type { Viewer } from "../admit/viewer.ts";
import { redeemTicket } from "../identify/by-ticket.ts";
import { Refusal } from "../refusals.ts";
import { converse } from "./converse.ts";
import { standInRsaAes } from "./rsa-aes-threshold.ts";
import type { Threshold, ThresholdParts } from "./threshold-parts.ts";
import { standInVeNCrypt } from "./vencrypt-threshold.ts";

/** Brings a viewer to the threshold. @throws what the handshake throws */
export async function approach(
  viewer: Viewer,
  parts: ThresholdParts,
  signal: AbortSignal,
): Promise<Threshold> {
  const { clock } = parts;
  const greet = (peer: Conversation): Promise<RfbVersion> => exchangeVersions(peer);
  if (viewer.ticket !== null) {
    const version = await converse(viewer, LIMITS.rfbHandshakeMs, clock, signal, greet);
    return standWithTicket(viewer.ticket, version, parts);
  }
  const wait = parts.tokens.waitMs(viewer.source);
  const [version, type] = await converse(viewer, LIMITS.rfbHandshakeMs, clock, signal, async (peer) => {
    const spoken = await greet(peer);
    if (wait > 0) return [spoken, null] as const;
    return [spoken, await negotiateSecurity(peer, spoken, offerSecurity(viewer))] as const;
  });
  if (type === null) return standThrottled(version, wait);
  if (type === SecurityType.veNCrypt) return standInVeNCrypt(viewer, version, parts, signal);
  if (isRsaAes(type)) return standInRsaAes(viewer, version, type, parts, signal);
  const guess = await converse(viewer, LIMITS.tokenEntryMs, clock, signal, challengeViewer);
  return {
    identify: () => parts.tokens.identify(viewer.source, guess, viewer.only),
    refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
    accept: (peer) => sendSecurityOk(peer, version, type),
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
