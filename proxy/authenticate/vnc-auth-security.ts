import { challengeViewer, SecurityType, sendSecurityFailure, sendSecurityOk } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { describeScreenViewer, identifyByResponse } from "./identify-typed.ts";
import { runHandshake } from "./run-handshake.ts";
import type { ViewerSecurity } from "./viewer-security.ts";

const type = SecurityType.vncAuth;

/** VNC Authentication: the token is the password, or the word that opens the sign-in screen. */
export const vncAuthSecurity: ViewerSecurity = {
  type,
  async authenticate({ viewer, version, dependencies, signal }) {
    const { clock } = dependencies;
    const screenViewer = describeScreenViewer(viewer, viewer.encrypt === null);
    const response = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, challengeViewer);
    return {
      identify: () => identifyByResponse(screenViewer, response, dependencies),
      refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
      accept: (peer) => sendSecurityOk(peer, version, type),
    };
  },
};
