import {
  exchangeKeysWithViewer,
  readViewerCredentials,
  sendSecurityFailure,
  sendSecurityOk,
  type RfbVersion,
  type RsaAesType,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import { runHandshake } from "./run-handshake.ts";
import type { ViewerAuthenticator, AuthenticatorDependencies } from "./viewer-authenticator.ts";

/** Agrees on keys with a viewer that has chosen an RSA-AES type, and asks for its token. */
export async function authenticateRsaAes(
  viewer: AcceptedViewer,
  version: RfbVersion,
  type: RsaAesType,
  { tokens, rsaKey, clock }: AuthenticatorDependencies,
  signal: AbortSignal,
): Promise<ViewerAuthenticator> {
  // Before it answers, a viewer shows the key's fingerprint to the person, who may go and compare it.
  const channel = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, (peer) =>
    exchangeKeysWithViewer(peer, type, rsaKey),
  );
  const [login, stream] = await runHandshake(
    viewer,
    PROXY_LIMITS.tokenEntryMs,
    clock,
    signal,
    async (peer) => {
      const typed = await readViewerCredentials(peer, type, channel);
      return [typed, peer.release()] as const;
    },
  );
  viewer.replaceStream(stream);
  return {
    identify: () =>
      tokens.identifyPlain(
        viewer.source,
        { user: login.username, password: login.password },
        viewer.requestedDesktopIds,
      ),
    refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
    accept: (peer) => sendSecurityOk(peer, version, type),
  };
}
