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
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { offerSecurity } from "./security-offer.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import { redeemTicket } from "../identify/redeem-ticket.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { runHandshake } from "./run-handshake.ts";
import { authenticateRsaAes } from "./rsa-aes-authenticator.ts";
import type { ViewerAuthenticator, AuthenticatorDependencies } from "./viewer-authenticator.ts";
import { authenticateVeNCrypt } from "./vencrypt-authenticator.ts";

/** Brings a viewer to the threshold. @throws what the handshake throws */
export async function authenticateViewer(
  viewer: AcceptedViewer,
  dependencies: AuthenticatorDependencies,
  signal: AbortSignal,
): Promise<ViewerAuthenticator> {
  const { clock } = dependencies;
  const greet = (peer: Conversation): Promise<RfbVersion> => exchangeVersions(peer);
  if (viewer.ticket !== null) {
    const version = await runHandshake(viewer, PROXY_LIMITS.rfbHandshakeMs, clock, signal, greet);
    return authenticateTicket(viewer.ticket, version, dependencies);
  }
  const wait = dependencies.tokens.waitMs(viewer.source);
  const [version, type] = await runHandshake(
    viewer,
    PROXY_LIMITS.rfbHandshakeMs,
    clock,
    signal,
    async (peer) => {
      const spoken = await greet(peer);
      if (wait > 0) return [spoken, null] as const;
      return [spoken, await negotiateSecurity(peer, spoken, offerSecurity(viewer))] as const;
    },
  );
  if (type === null) return rejectThrottled(version, wait);
  if (type === SecurityType.veNCrypt) return authenticateVeNCrypt(viewer, version, dependencies, signal);
  if (isRsaAes(type)) return authenticateRsaAes(viewer, version, type, dependencies, signal);
  const guess = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, challengeViewer);
  return {
    identify: () => dependencies.tokens.identify(viewer.source, guess, viewer.requestedDesktopIds),
    refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
    accept: (peer) => sendSecurityOk(peer, version, type),
  };
}

/** The ticket is checked before a security type is offered: then every version has room for a reason. */
function authenticateTicket(
  ticket: string,
  version: RfbVersion,
  { stores, clock }: AuthenticatorDependencies,
): ViewerAuthenticator {
  return {
    identify: () => redeemTicket(ticket, stores, clock),
    refuse: (peer, reason) => refuseViewer(peer, version, reason),
    accept: async (peer) => {
      const type = await negotiateSecurity(peer, version, [SecurityType.none]);
      await sendSecurityOk(peer, version, type);
    },
  };
}

function rejectThrottled(version: RfbVersion, waitMs: number): ViewerAuthenticator {
  return {
    identify: () => Promise.reject(new ViewerRefusal("SOURCE_THROTTLED", { waitMs })),
    refuse: (peer, reason) => refuseViewer(peer, version, reason),
    accept: () => Promise.reject(new Error("a throttled viewer is never accepted")),
  };
}
