import {
  exchangeKeysWithViewer,
  readViewerCredentials,
  sendSecurityFailure,
  sendSecurityOk,
  type RfbVersion,
  type RsaAesType,
} from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Viewer } from "../admit/viewer.ts";
import { converse } from "./converse.ts";
import type { Threshold, ThresholdParts } from "./threshold-parts.ts";

/** Agrees on keys with a viewer that has chosen an RSA-AES type, and asks for its token. */
export async function standInRsaAes(
  viewer: Viewer,
  version: RfbVersion,
  type: RsaAesType,
  { tokens, rsaKey, clock }: ThresholdParts,
  signal: AbortSignal,
): Promise<Threshold> {
  // Before it answers, a viewer shows the key's fingerprint to the person, who may go and compare it.
  const channel = await converse(viewer, LIMITS.tokenEntryMs, clock, signal, (peer) =>
    exchangeKeysWithViewer(peer, type, rsaKey),
  );
  const [login, stream] = await converse(viewer, LIMITS.tokenEntryMs, clock, signal, async (peer) => {
    const typed = await readViewerCredentials(peer, type, channel);
    return [typed, peer.release()] as const;
  });
  viewer.continueOn(stream);
  return {
    identify: () =>
      tokens.identifyPlain(viewer.source, { user: login.username, password: login.password }, viewer.only),
    refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
    accept: (peer) => sendSecurityOk(peer, version, type),
  };
}
