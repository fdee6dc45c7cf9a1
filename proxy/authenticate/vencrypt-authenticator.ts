import {
  challengeViewer,
  negotiateVeNCrypt,
  plainCredentials,
  SecurityType,
  sendSecurityFailure,
  sendSecurityOk,
  VeNCryptType,
  type RfbVersion,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { VENCRYPT_OFFER } from "./security-offer.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import { runHandshake } from "./run-handshake.ts";
import type { ViewerAuthenticator, AuthenticatorDependencies } from "./viewer-authenticator.ts";

/** Encrypts the connection of a viewer that has chosen VeNCrypt, and asks inside for its token. */
export async function authenticateVeNCrypt(
  viewer: AcceptedViewer,
  version: RfbVersion,
  dependencies: AuthenticatorDependencies,
  signal: AbortSignal,
): Promise<ViewerAuthenticator> {
  const subType = await runHandshake(
    viewer,
    PROXY_LIMITS.rfbHandshakeMs,
    dependencies.clock,
    signal,
    (peer) => negotiateVeNCrypt(peer, VENCRYPT_OFFER),
  );
  await viewer.encrypt?.(signal);
  const identify = await readCredentials(subType, viewer, dependencies, signal);
  return {
    identify,
    refuse: (peer, reason) => sendSecurityFailure(peer, version, SecurityType.veNCrypt, reason),
    accept: (peer) => sendSecurityOk(peer, version, SecurityType.veNCrypt),
  };
}

/** A person types the token now. */
async function readCredentials(
  subType: VeNCryptType,
  viewer: AcceptedViewer,
  { tokens, clock }: AuthenticatorDependencies,
  signal: AbortSignal,
): Promise<() => Promise<ViewerIdentity>> {
  if (subType === VeNCryptType.x509Plain) {
    const typed = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, (peer) =>
      peer.read(plainCredentials()),
    );
    return () => tokens.identifyPlain(viewer.source, typed, viewer.requestedDesktopIds);
  }
  const guess = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, challengeViewer);
  return () => tokens.identify(viewer.source, guess, viewer.requestedDesktopIds);
}
