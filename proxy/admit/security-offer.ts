import { SecurityType } from "../../protocol/index.ts";
import type { Viewer } from "./viewer.ts";

/**
 * What a viewer is offered, in the order in which most viewers look. A WebSocket is encrypted already, and noVNC waits for
 * its page to approve of a key, which pages made for VncAuth do not: there, and where only the login would be encrypted,
 * VncAuth comes first. RFB 3.3 has nothing else.
 */
const OFFERS: Readonly<Record<Viewer["transport"], readonly SecurityType[]>> = {
  rfb: [
    SecurityType.ra2_256,
    SecurityType.ra2,
    SecurityType.vncAuth,
    SecurityType.ra2ne_256,
    SecurityType.ra2ne,
  ],
  websocket: [
    SecurityType.vncAuth,
    SecurityType.ra2_256,
    SecurityType.ra2,
    SecurityType.ra2ne_256,
    SecurityType.ra2ne,
  ],
};

/** The security types that this viewer may choose from. */
export function offerSecurity({ transport }: Viewer): readonly SecurityType[] {
  return OFFERS[transport];
}
