import { challengeViewer, SecurityType, sendSecurityFailure, sendSecurityOk } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { runHandshake } from "./run-handshake.ts";
import type { ViewerSecurity } from "./viewer-security.ts";

const type = SecurityType.vncAuth;

/** VNC Authentication: the token is the password. */
export const vncAuthMethod: ViewerSecurity = {
  type,
  async authenticate({ viewer, version, dependencies: { tokens, clock }, signal }) {
    const response = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, challengeViewer);
    return {
      identify: () => tokens.identify(viewer.source, response, viewer.requestedDesktopIds),
      refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
      accept: (peer) => sendSecurityOk(peer, version, type),
    };
  },
};
