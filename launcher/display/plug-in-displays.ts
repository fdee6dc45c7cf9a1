import net from "node:net";
import { once } from "node:events";
import type { Logger } from "pino";
import {
  Conversation,
  describeError,
  encodeClientInit,
  encodeSetDesktopSize,
  encodeSetEncodings,
  logInToServer,
  PseudoEncoding,
  serverInit,
  type Clock,
} from "../../protocol/index.ts";
import type { MachineDisplay } from "../model/display-outputs.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

const PLUG_IN_MS = 5000;
const PLUG_IN_BYTES = 65_536;
/** QEMU's default for the first monitor. */
const DEFAULT_SIZE = { width: 1280, height: 800 };

/**
 * To a guest, all monitors of a virtio adapter but the first are unplugged until a viewer requests a size for them.
 * This plugs them in. Never rejects: a viewer can still do it later.
 */
export async function plugInDisplays(
  { id, display, screen }: Pick<MachineSpec, "id" | "display" | "screen">,
  displays: readonly MachineDisplay[],
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<void> {
  if (display !== "virtio") return;
  for (const further of displays.slice(1)) {
    try {
      await plugInDisplay(further, screen ?? DEFAULT_SIZE, clock);
    } catch (error) {
      const fields = { event: "machine.monitor-dark", machine: id, desktop: further.name };
      log.warn({ ...fields, why: describeError(error) }, "a monitor of a machine could not be plugged in");
    }
  }
}

async function plugInDisplay(
  { socketPath, vncPassword }: MachineDisplay,
  { width, height }: { readonly width: number; readonly height: number },
  clock: Clock,
): Promise<void> {
  const socket = net.connect({ path: socketPath });
  const peer = new Conversation(socket, { deadlineMs: PLUG_IN_MS, maxBytes: PLUG_IN_BYTES }, clock);
  const cancelTimeout = clock.after(PLUG_IN_MS, () => socket.destroy());
  try {
    await logInToServer(peer, vncPassword === undefined ? {} : { password: vncPassword });
    await peer.write(encodeClientInit(true));
    await peer.read(serverInit());
    await peer.write(encodeSetEncodings([PseudoEncoding.extendedDesktopSize]));
    await peer.write(encodeSetDesktopSize(width, height));
    // QEMU closes when it has read everything; its answers do not matter.
    const closed = once(peer.release(), "close");
    socket.resume().end();
    await closed;
  } finally {
    peer.release();
    cancelTimeout();
    socket.destroy();
  }
}
