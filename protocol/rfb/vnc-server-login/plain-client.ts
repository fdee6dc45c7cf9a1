import type { Conversation } from "../../bytes/conversation.ts";
import { encodeU32 } from "../../bytes/encoders.ts";
import { encodePassword, type ServerLogin } from "./server-login.ts";

/**
 * User name and password in clear: VeNCrypt's Plain sub-types and Tight's Unix login.
 *
 *     U32 user length · U32 password length · user · password
 */
export async function logInWithPlain(peer: Conversation, login: ServerLogin): Promise<void> {
  const user = Buffer.from(login.user ?? "", "utf8");
  const password = encodePassword(login);
  await peer.write(Buffer.concat([encodeU32(user.length), encodeU32(password.length), user, password]));
}
