import { randomBytes } from "node:crypto";
import { RequestError } from "../../../protocol/index.ts";
import type { Stores } from "../../../proxy/index.ts";
import type { Passwords } from "./passwords.ts";

export interface FirstAdministrator {
  readonly name: string;
  readonly password: string;
}

/**
 * Creates the administrator `admin` if there is no account yet; null if there is one.
 * The password (120 random bits) is returned this once and stored only hashed.
 */
export async function createFirstAdministrator(
  stores: Stores,
  passwords: Passwords,
): Promise<FirstAdministrator | null> {
  if ((await stores.users.count()) > 0) return null;
  const name = "admin";
  const password = randomBytes(15).toString("base64url");
  const passwordHash = await passwords.hash(password);
  try {
    await stores.users.add({ name, role: "admin", passwordHash });
  } catch (error) {
    // Another server on the same database was faster: its password is valid.
    if (error instanceof RequestError && error.code === "USER_EXISTS") return null;
    throw error;
  }
  return { name, password };
}
