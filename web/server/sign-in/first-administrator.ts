import { randomBytes } from "node:crypto";
import { RequestError } from "../../../protocol/index.ts";
import type { AuditEntry, Stores } from "../../../proxy/index.ts";
import type { Passwords } from "./passwords.ts";

export interface FirstAdministrator {
  readonly name: string;
  readonly password: string;
}

interface FirstAdministratorContext {
  readonly stores: Stores;
  readonly auditDurably: (entry: AuditEntry) => Promise<void>;
}

/**
 * Creates the administrator `admin` if there is no account yet; null if there is one.
 * The password (120 random bits) is returned this once and stored only hashed.
 * @throws RequestError `AUDIT_UNAVAILABLE`: without its line there is no account
 */
export async function createFirstAdministrator(
  { stores, auditDurably }: FirstAdministratorContext,
  passwords: Passwords,
): Promise<FirstAdministrator | null> {
  if ((await stores.users.count()) > 0) return null;
  const name = "admin";
  const password = randomBytes(15).toString("base64url");
  const passwordHash = await passwords.hash(password);
  try {
    const { id } = await stores.users.add({ name, role: "admin", passwordHash });
    try {
      await auditDurably({ action: "user.create", outcome: "success", actor: id, actorName: name });
    } catch (error) {
      await stores.users.remove(id);
      throw error;
    }
  } catch (error) {
    // Another server on the same database was faster: its password is valid.
    if (error instanceof RequestError && error.code === "USER_EXISTS") return null;
    throw error;
  }
  return { name, password };
}
