import type { z } from "zod";
import {
  agent,
  apiScope,
  apiTokenRow,
  auditEvent,
  desktop,
  desktopAccessAnswer,
  disk,
  factorList,
  factorRow,
  grantRow,
  groupRow,
  host,
  image,
  invitationRow,
  labelRow,
  liveEvent,
  loginRow,
  machine,
  me,
  memberRow,
  problemBody,
  session,
  signInForm,
  signInSettings,
  signUpRow,
  snapshot,
  token,
  tokenRow,
  userAccess,
  userHoldings,
  userRow,
} from "../schemas.ts";
import { DESKTOP_OPERATIONS } from "./desktop-operations.ts";
import { FACTOR_OPERATIONS } from "./factor-operations.ts";
import { GRANT_OPERATIONS } from "./grant-operations.ts";
import { MACHINE_OPERATIONS } from "./machine-operations.ts";
import { NEWCOMER_OPERATIONS } from "./newcomer-operations.ts";
import type { Operation } from "./operation.ts";
import { SERVER_OPERATIONS } from "./server-operations.ts";
import { SETTINGS_OPERATIONS } from "./settings-operations.ts";
import { SIGN_IN_OPERATIONS } from "./sign-in-operations.ts";
import { USER_OPERATIONS } from "./user-operations.ts";

export type { Operation } from "./operation.ts";

/**
 * Every route of the API. Documents, the reach of API tokens and the tests of who may what come from this table; a route that it
 * does not have fails a test, and is out of reach of every token.
 */
export const OPERATIONS: readonly Operation[] = [
  ...SIGN_IN_OPERATIONS,
  ...FACTOR_OPERATIONS,
  ...MACHINE_OPERATIONS,
  ...DESKTOP_OPERATIONS,
  ...USER_OPERATIONS,
  ...NEWCOMER_OPERATIONS,
  ...GRANT_OPERATIONS,
  ...SETTINGS_OPERATIONS,
  ...SERVER_OPERATIONS,
];

/** Shapes that have a name in the documents. */
export const NAMED_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  Agent: agent,
  ApiScope: apiScope,
  ApiToken: apiTokenRow,
  AuditEvent: auditEvent,
  DataDisk: disk,
  Desktop: desktop,
  DesktopAccess: desktopAccessAnswer,
  Error: problemBody,
  Factor: factorRow,
  Factors: factorList,
  Grant: grantRow,
  Group: groupRow,
  Host: host,
  Image: image,
  Invitation: invitationRow,
  Labels: labelRow,
  LiveEvent: liveEvent,
  Login: loginRow,
  Machine: machine,
  Me: me,
  Person: memberRow,
  Session: session,
  SignInForm: signInForm,
  SignInSettings: signInSettings,
  SignUpRequest: signUpRow,
  Snapshot: snapshot,
  ViewerToken: token,
  ViewerTokenRow: tokenRow,
  User: userRow,
  UserHoldings: userHoldings,
  UserAccess: userAccess,
};

const PREFIX = "/api/v1";
const BY_ROUTE = new Map(OPERATIONS.map((one) => [`${one.method} ${PREFIX}${one.path}`, one]));

/** @param url the route's pattern, as `/api/v1/machines/:id` */
export function findOperation(method: string, url: string): Operation | undefined {
  return BY_ROUTE.get(`${method === "HEAD" ? "GET" : method} ${url}`);
}
