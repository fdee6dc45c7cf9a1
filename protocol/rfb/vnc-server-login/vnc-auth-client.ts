import type { Conversation } from "../../bytes/conversation.ts";
import { bytes } from "../../bytes/grammar.ts";
import { encodePassword, type ServerLogin } from "./server-login.ts";
import { CHALLENGE_BYTES, vncAuthResponse } from "../vnc-auth/vnc-auth.ts";

/** VncAuth, up to SecurityResult: 16 bytes from the server, 16 bytes back. @see RFC 6143 §7.2.2 */
export async function logInWithVncAuth(peer: Conversation, login: ServerLogin): Promise<void> {
  const challenge = await peer.read(bytes(CHALLENGE_BYTES));
  await peer.write(vncAuthResponse(encodePassword(login), challenge));
}
