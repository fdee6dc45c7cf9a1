import {
  exchangeKeysWithViewer,
  readViewerCredentials,
  sendSecurityFailure,
  sendSecurityOk,
  type RsaAesType,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { runHandshake } from "./run-handshake.ts";
import type { ViewerSecurity } from "./viewer-security.ts";

/** RSA-AES: the token is the password, inside a channel under the server's RSA key. */
export function rsaAesMethod(type: RsaAesType): ViewerSecurity {
  return {
    type,
    async authenticate({ viewer, version, dependencies: { tokens, rsaKey, clock }, signal }) {
      // Before it answers, a viewer shows the key's fingerprint, and its user may take time to compare it.
      const channel = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, (peer) =>
        exchangeKeysWithViewer(peer, type, rsaKey),
      );
      const [login, stream] = await runHandshake(
        viewer,
        PROXY_LIMITS.tokenEntryMs,
        clock,
        signal,
        async (peer) => [await readViewerCredentials(peer, type, channel), peer.release()] as const,
      );
      viewer.replaceStream(stream);
      const credentials = { user: login.username, password: login.password };
      return {
        identify: () => tokens.identifyPlain(viewer.source, credentials, viewer.requestedDesktopIds),
        refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
        accept: (peer) => sendSecurityOk(peer, version, type),
      };
    },
  };
}
