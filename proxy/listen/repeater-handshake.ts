import { Conversation, REPEATER_GREETING, repeaterRequest, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { hashRepeaterId } from "../identify/repeater-id-issuer.ts";
import type { RepeaterIdStore } from "../state/stores.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";

/**
 * Greets a viewer as UltraVNC's repeater does and reads which desktop it wants. An unknown or
 * expired number is no desktop's: such a viewer is asked for a token like any other, and none fits.
 * @returns the desktops that it may reach
 * @throws ProtocolError `REPEATER_REQUEST` for an address in place of a number, PeerClosed, TimeoutError
 */
export async function performRepeaterHandshake(
  { socket }: AcceptedConnection,
  ids: RepeaterIdStore,
  clock: Clock,
): Promise<ReadonlySet<string>> {
  const limits = { deadlineMs: PROXY_LIMITS.mipHandshakeMs, maxBytes: PROXY_LIMITS.rfbHandshakeBytes };
  const peer = new Conversation(socket, limits, clock);
  try {
    await peer.write(REPEATER_GREETING);
    const number = await peer.read(repeaterRequest());
    const desktopId = await ids.find(hashRepeaterId("viewer", number), clock.now());
    return new Set(desktopId === null ? [] : [desktopId]);
  } finally {
    peer.release();
  }
}
