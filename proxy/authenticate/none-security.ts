import { negotiateSecurity, refuseViewer, SecurityType, sendSecurityOk } from "../../protocol/index.ts";
import { redeemTicket } from "../identify/redeem-ticket.ts";
import type { ViewerSecurity } from "./viewer-security.ts";

const type = SecurityType.none;

/** None: the web ticket that came with the connection is the credential. */
export const noneSecurity: ViewerSecurity = {
  type,
  precedesOffer: true,
  authenticate({ viewer, version, dependencies }) {
    return Promise.resolve({
      identify: () => redeemTicket(viewer.ticket ?? "", dependencies),
      refuse: (peer, reason) => refuseViewer(peer, version, reason),
      accept: async (peer) => {
        await negotiateSecurity(peer, version, [type]);
        await sendSecurityOk(peer, version, type);
      },
    });
  },
};
