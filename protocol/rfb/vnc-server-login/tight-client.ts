import type { Conversation } from "../../bytes/conversation.ts";
import { encodeU32 } from "../../bytes/encoders.ts";
import { bytes, u16, u32, type Grammar } from "../../bytes/grammar.ts";
import { LimitError } from "../../errors.ts";
import { logInWithPlain } from "./plain-client.ts";
import { SecurityType } from "../security-types.ts";
import { chooseSecurityMethod, TIGHT_METHODS, TIGHT_UNIX_LOGIN } from "./security-methods.ts";
import type { ServerLogin } from "./server-login.ts";
import { serverInit, type ServerInit } from "../server-init.ts";
import { logInWithVncAuth } from "./vnc-auth-client.ts";

/** S32 code · 4 bytes vendor · 8 bytes signature. The code alone identifies the capability. */
const CAPABILITY_BYTES = 16;
/** The longest list of tunnels, and of authentications, that is accepted. */
export const MAX_TIGHT_CHOICES = 64;
/** The most capabilities after ServerInit that are accepted, all kinds together. */
export const MAX_TIGHT_CAPABILITIES = 1024;
const NO_TUNNEL = 0;

/**
 * Tight security, up to SecurityResult: no tunnel, then one of its authentications.
 * @returns 1 (None), 2 (VncAuth) or 129 (Unix login)
 * @throws LimitError `LENGTH_LIMIT`, and what {@link chooseSecurityMethod} throws
 * @see rfbproto, "Tight Security Type"
 */
export async function logInWithTight(peer: Conversation, login: ServerLogin): Promise<number> {
  const tunnels = await peer.read(readChoices("Tight tunnels"));
  if (tunnels.length > 0) await peer.write(encodeU32(NO_TUNNEL));
  const offered = await peer.read(readChoices("Tight authentications"));
  if (offered.length === 0) return chooseSecurityMethod(TIGHT_METHODS, [SecurityType.none], login);
  const type = chooseSecurityMethod(TIGHT_METHODS, offered, login);
  await peer.write(encodeU32(type));
  if (type === SecurityType.vncAuth) await logInWithVncAuth(peer, login);
  if (type === TIGHT_UNIX_LOGIN) await logInWithPlain(peer, login);
  return type;
}

function* readChoices(what: string): Grammar<number[]> {
  const count = yield* u32();
  checkCount(count, MAX_TIGHT_CHOICES, what);
  const codes: number[] = [];
  for (let i = 0; i < count; i++) codes.push((yield CAPABILITY_BYTES).readInt32BE(0));
  return codes;
}

/**
 * ServerInit after Tight security: capabilities follow it and are discarded here.
 * @throws the errors of {@link serverInit}; LimitError `LENGTH_LIMIT`
 */
export function* tightServerInit(): Grammar<ServerInit> {
  const init = yield* serverInit();
  const counts = (yield* u16()) + (yield* u16()) + (yield* u16());
  yield* u16();
  checkCount(counts, MAX_TIGHT_CAPABILITIES, "Tight capabilities");
  yield* bytes(counts * CAPABILITY_BYTES);
  return init;
}

function checkCount(count: number, max: number, what: string): void {
  if (count > max) throw new LimitError("LENGTH_LIMIT", `${count} ${what}, at most ${max} are allowed`);
}
