import { LaunchError } from "../../protocol/index.ts";
import type { QmpClient } from "./client.ts";

/**
 * The clipboard between viewer and guest. QEMU 7.2 saves no memory while this channel exists, so it is taken away for
 * that moment: its device comes and goes like any other that can be unplugged. Both directions bear being repeated.
 */
export async function plugClipboard(qmp: QmpClient): Promise<void> {
  const backend = { type: "qemu-vdagent", data: { mouse: false, clipboard: true } };
  await qmp.execute("chardev-add", { id: "vdagent0", backend }).catch(bearRefusal);
  await qmp
    .execute("device_add", {
      ...{ driver: "virtserialport", id: "vdagent0", bus: "ports0.0", nr: 2 },
      ...{ chardev: "vdagent0", name: "com.redhat.spice.0" },
    })
    .catch(bearRefusal);
}

export async function unplugClipboard(qmp: QmpClient): Promise<void> {
  await qmp.execute("device_del", { id: "vdagent0" }).catch(bearRefusal);
  await qmp.execute("chardev-remove", { id: "vdagent0" }).catch(bearRefusal);
}

/** It is there already, or gone already. */
function bearRefusal(error: unknown): void {
  if (!(error instanceof LaunchError)) throw error;
}
