import { describeError, LaunchError, type Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { QmpClient } from "./qmp-client.ts";

const ATTEMPTS = 100;
const PAUSE_MS = 20;

/**
 * The clipboard between viewer and guest. QEMU 7.2 cannot save memory while this channel exists, so its device is
 * unplugged for that time. Plugging and unplugging may be repeated.
 */
export async function plugClipboard(qmp: QmpClient): Promise<void> {
  const backend = { type: "qemu-vdagent", data: { mouse: false, clipboard: true } };
  await qmp.execute("chardev-add", { id: "vdagent0", backend }).catch(ignoreRefusal);
  await qmp
    .execute("device_add", {
      ...{ driver: "virtserialport", id: "vdagent0", bus: "ports0.0", nr: 2 },
      ...{ chardev: "vdagent0", name: "com.redhat.spice.0" },
    })
    .catch(ignoreRefusal);
}

export async function unplugClipboard(qmp: QmpClient, clock: Clock): Promise<void> {
  await qmp.execute("device_del", { id: "vdagent0" }).catch(ignoreRefusal);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      await qmp.execute("chardev-remove", { id: "vdagent0" });
      return;
    } catch (error) {
      ignoreRefusal(error);
      if (!describeError(error).includes("is busy")) return;
    }
    // The device is removed some time after the command.
    await delay(PAUSE_MS, clock);
  }
}

/** The device exists already, or is removed already. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof LaunchError)) throw error;
}
