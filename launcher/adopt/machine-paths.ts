import { createHash } from "node:crypto";
import { join } from "node:path";

/** Where everything of one machine lies: its folder under the state folder, its sockets in the runtime folder. */
export interface MachinePaths {
  readonly dir: string;
  readonly spec: string;
  readonly state: string;
  readonly vncSecret: string;
  readonly overlay: string;
  readonly log: string;
  readonly serialLog: string;
  readonly picture: string;
  readonly qmpSocket: string;
  readonly vncSocket: string;
  /** What QEMU is told as the machine's name: it shows in ServerInit, so it says nothing. */
  readonly alias: string;
}

/** The names in a machine's folder; each may also appear with `.new` behind it for a moment. */
export const MACHINE_FILES: readonly string[] = [
  ...["spec.json", "state.json", "vnc-secret", "overlay.qcow2"],
  ...["qemu.log", "serial.log", "screen.png"],
];

/** Ids are up to 64 characters long, a Unix socket's path ends at 108 bytes: sockets carry a short digest. */
export function machinePaths(stateDir: string, runtimeDir: string, id: string): MachinePaths {
  const dir = join(stateDir, id);
  const slot = createHash("sha256").update(id).digest("hex").slice(0, 12);
  return {
    dir,
    spec: join(dir, "spec.json"),
    state: join(dir, "state.json"),
    vncSecret: join(dir, "vnc-secret"),
    overlay: join(dir, "overlay.qcow2"),
    log: join(dir, "qemu.log"),
    serialLog: join(dir, "serial.log"),
    picture: join(dir, "screen.png"),
    qmpSocket: join(runtimeDir, `${slot}.qmp`),
    vncSocket: join(runtimeDir, `${slot}.vnc`),
    alias: `vm-${slot}`,
  };
}
