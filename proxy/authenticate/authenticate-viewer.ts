import {
  exchangeVersions,
  nameSecurityType,
  negotiateSecurity,
  PeerClosed,
  refuseViewer,
  type RfbVersion,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { runHandshake } from "./run-handshake.ts";
import type { AuthenticatorDependencies, ViewerSecurity, ViewerAuthenticator } from "./viewer-security.ts";
import { offerSecurity } from "./viewer-security-types.ts";

/** Runs the handshake with a viewer up to its credential. @throws what the handshake throws */
export async function authenticateViewer(
  viewer: AcceptedViewer,
  dependencies: AuthenticatorDependencies,
  signal: AbortSignal,
): Promise<ViewerAuthenticator> {
  const { clock, tokens } = dependencies;
  const offer = offerSecurity(viewer);
  const early = offer.find(({ precedesOffer }) => precedesOffer);
  const wait = early ? 0 : tokens.waitMs(viewer.source);
  const [version, security] = await runHandshake(
    viewer,
    PROXY_LIMITS.rfbHandshakeMs,
    clock,
    signal,
    async (peer): Promise<readonly [RfbVersion, ViewerSecurity | undefined]> => {
      const version = await exchangeVersions(peer);
      if (early || wait > 0) return [version, early];
      const types = offer.map((offered) => offered.type);
      const type = await negotiateSecurity(peer, version, types).catch((error: unknown) => {
        throw error instanceof PeerClosed ? refusedOffer(types, error) : error;
      });
      return [version, offer.find((offered) => offered.type === type)];
    },
  );
  return security?.authenticate({ viewer, version, dependencies, signal }) ?? rejectThrottled(version, wait);
}

function refusedOffer(types: readonly number[], cause: PeerClosed): PeerClosed {
  const names = types.map(nameSecurityType).join(", ");
  return new PeerClosed("VIEWER_OFFER_LEFT", `the viewer left when it was offered: ${names}`, { cause });
}

function rejectThrottled(version: RfbVersion, waitMs: number): ViewerAuthenticator {
  return {
    identify: () => Promise.reject(new ViewerRefusal("SOURCE_THROTTLED", { waitMs })),
    refuse: (peer, reason) => refuseViewer(peer, version, reason),
    accept: () => Promise.reject(new Error("a throttled viewer is never accepted")),
  };
}
