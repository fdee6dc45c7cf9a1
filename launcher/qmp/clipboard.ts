import { describeError, LaunchError, type Clock } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { QmpClient } from "./qmp-client.ts";

const ATTEMPTS = 100;
const PAUSE_MS = 20;

/**
 * The clipboard between viewer and guest. QEMU 7.2 saves no memory while this channel exists, so it is taken away for
 * that moment: its device comes and goes like any other that can be unplugged. Both directions bear being repeated.
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
    // The device goes a moment after it was told to.
    await delay(PAUSE_MS, clock);
  }
}

/** It is there already, or gone already. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof LaunchError)) throw error;
}
