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
import { LIMITS } from "../admit/limits.ts";
import { VENCRYPT_OFFER } from "../admit/security-offer.ts";
import type { Viewer } from "../admit/viewer.ts";
import type { Identity } from "../identify/identity.ts";
import { converse } from "./converse.ts";
import type { Threshold, ThresholdParts } from "./threshold-parts.ts";

/** Encrypts the connection of a viewer that has chosen VeNCrypt, and asks inside for its token. */
export async function standInVeNCrypt(
  viewer: Viewer,
  version: RfbVersion,
  parts: ThresholdParts,
  signal: AbortSignal,
): Promise<Threshold> {
  const subType = await converse(viewer, LIMITS.rfbHandshakeMs, parts.clock, signal, (peer) =>
    negotiateVeNCrypt(peer, VENCRYPT_OFFER),
  );
  await viewer.encrypt?.(signal);
  const identify = await askInside(subType, viewer, parts, signal);
  return {
    identify,
    refuse: (peer, reason) => sendSecurityFailure(peer, version, SecurityType.veNCrypt, reason),
    accept: (peer) => sendSecurityOk(peer, version, SecurityType.veNCrypt),
  };
}

/** A person types the token now. */
async function askInside(
  subType: VeNCryptType,
  viewer: Viewer,
  { tokens, clock }: ThresholdParts,
  signal: AbortSignal,
): Promise<() => Promise<Identity>> {
  if (subType === VeNCryptType.x509Plain) {
    const typed = await converse(viewer, LIMITS.tokenEntryMs, clock, signal, (peer) =>
      peer.read(plainCredentials()),
    );
    return () => tokens.identifyPlain(viewer.source, typed, viewer.only);
  }
  const guess = await converse(viewer, LIMITS.tokenEntryMs, clock, signal, challengeViewer);
  return () => tokens.identify(viewer.source, guess, viewer.only);
}
