import type { Stores } from "../../../proxy/index.ts";
import { refuse } from "../http-errors.ts";

/**
 * A new account gets no name that another one is found by: neither its name nor its mail address.
 * @throws RequestError `USER_EXISTS`
 */
export async function requireFreeName(
  users: Pick<Stores["users"], "findTaken">,
  name: string,
): Promise<void> {
  if ((await users.findTaken([name])).size > 0) throw refuse("USER_EXISTS");
}
