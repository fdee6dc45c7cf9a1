import type { Migration } from "kysely/migration";
import { initialSchema } from "./0001-first-light.ts";
import { policy } from "./0002-policy.ts";
import { repeater } from "./0003-repeater.ts";
import { logins } from "./0004-logins.ts";
import { machineOrders } from "./0005-machines.ts";
import { machineCauses } from "./0006-machine-causes.ts";
import { scopedReads } from "./0007-scoped-reads.ts";
import { agentRoles } from "./0008-agent-roles.ts";
import { powerOff } from "./0009-power-off.ts";
import { accounts } from "./0010-accounts.ts";
import { grants } from "./0011-grants.ts";
import { factors } from "./0012-factors.ts";
import { apiTokens } from "./0013-api-tokens.ts";
import { usersByEmail } from "./0014-users-by-email.ts";
import { providerSessions } from "./0015-provider-sessions.ts";
import { invitations } from "./0016-invitations.ts";
import { versions } from "./0017-versions.ts";
import { repeatedRequests } from "./0018-repeated-requests.ts";

/** Every change of the tables, in the order of their names. What has been released is never edited: add a number. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-first-light": initialSchema,
  "0002-policy": policy,
  "0003-repeater": repeater,
  "0004-logins": logins,
  "0005-machines": machineOrders,
  "0006-machine-causes": machineCauses,
  "0007-scoped-reads": scopedReads,
  "0008-agent-roles": agentRoles,
  "0009-power-off": powerOff,
  "0010-accounts": accounts,
  "0011-grants": grants,
  "0012-factors": factors,
  "0013-api-tokens": apiTokens,
  "0014-users-by-email": usersByEmail,
  "0015-provider-sessions": providerSessions,
  "0016-invitations": invitations,
  "0017-versions": versions,
  "0018-repeated-requests": repeatedRequests,
};
