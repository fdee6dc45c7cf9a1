import type { FastifyRequest } from "fastify";
import { ACCOUNT_ROLES, type AccountRole } from "../../../proxy/index.ts";
import type { Power } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { requireCaller, type Caller } from "./caller.ts";

/** What each role may do beside its own things. */
const POWERS: Readonly<Record<AccountRole, readonly Power[]>> = {
  user: [],
  operator: ["oversee", "operate"],
  admin: ["oversee", "operate", "administer", "audit"],
  auditor: ["oversee", "audit"],
};

export function powersOf(role: AccountRole): readonly Power[] {
  return POWERS[role];
}

/** Roles that have a power. */
export function rolesWith(power: Power): readonly AccountRole[] {
  return ACCOUNT_ROLES.filter((role) => POWERS[role].includes(power));
}

export function hasPower({ role }: Pick<Caller, "role">, power: Power): boolean {
  return POWERS[role].includes(power);
}

/**
 * The caller of a route that not everybody may use.
 * @throws RequestError `LOGIN_REQUIRED`, `ADMIN_REQUIRED`
 */
export function requirePower(request: FastifyRequest, power: Power): Caller {
  const caller = requireCaller(request);
  if (!hasPower(caller, power)) throw refuse("ADMIN_REQUIRED");
  return caller;
}
