import { negotiateSecurity, refuseViewer, SecurityType, sendSecurityOk } from "../../protocol/index.ts";
import { openScreenSignIn } from "../identify/screen-sign-in.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { describeScreenViewer, servePeople } from "./identify-typed.ts";
import type { ViewerSecurity } from "./viewer-security.ts";

const type = SecurityType.none;

/** None: whoever comes this way is asked for name and password on the sign-in screen. */
export const accountSecurity: ViewerSecurity = {
  type,
  precedesOffer: true,
  authenticate({ viewer, version, dependencies }) {
    return Promise.resolve({
      identify: async () => {
        const people = dependencies.people();
        if (people === null) throw new ViewerRefusal("LOGIN_UNAVAILABLE");
        const screenViewer = describeScreenViewer(viewer, viewer.encrypt === null);
        return await Promise.resolve(openScreenSignIn(screenViewer, servePeople(people, dependencies)));
      },
      refuse: (peer, reason) => refuseViewer(peer, version, reason),
      accept: async (peer) => {
        await negotiateSecurity(peer, version, [type]);
        await sendSecurityOk(peer, version, type);
      },
    });
  },
};
