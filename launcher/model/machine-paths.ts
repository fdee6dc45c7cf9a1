import { createHash } from "node:crypto";
import { join } from "node:path";

/** The files of one machine: its folder under the state folder, its sockets in the runtime folder. */
export interface MachinePaths {
  readonly dir: string;
  /** Short and unique on the host. */
  readonly slot: string;
  readonly spec: string;
  readonly state: string;
  readonly vncSecret: string;
  /** The machine's own disk: an overlay over the image, or an empty disk. */
  readonly overlay: string;
  /** The same for a further disk of the image; `index` from 0. */
  extraOverlay(index: number): string;
  /** A copy of the image that boot scripts changed, beneath the overlay. */
  readonly customized: string;
  /** What the image's file was when the overlay was made. */
  readonly base: string;
  /** The variables of its UEFI. */
  readonly firmwareVars: string;
  /** Holds the memory of a saved machine that has no disk of its own. */
  readonly memoryHolder: string;
  /** The TPM's folder. */
  readonly tpmDir: string;
  /** What QEMU says; its helper processes have their own, so that its last words stay the last. */
  readonly log: string;
  readonly tpmLog: string;
  readonly sharesLog: string;
  readonly serialLog: string;
  readonly screenshot: string;
  /** A disk that is being made into an image. */
  readonly exported: string;
  readonly qmpSocket: string;
  readonly vncSocket: string;
  /** The guest's serial port; one client at a time. */
  readonly serialSocket: string;
  /** The channel to the guest's QEMU agent; one client at a time. */
  readonly guestAgentSocket: string;
  readonly tpmSocket: string;
  /** Common prefix of the machine's sockets; it identifies the command lines of its processes. */
  readonly socketBase: string;
  /** QEMU's name for the machine: it appears in ServerInit, so it reveals nothing. */
  readonly alias: string;
}

/** Ids have up to 64 characters and a Unix socket's path at most 108 bytes: sockets carry a short digest. */
export function machinePaths(stateDir: string, runtimeDir: string, id: string): MachinePaths {
  const dir = join(stateDir, id);
  const slot = createHash("sha256").update(id).digest("hex").slice(0, 12);
  const socketBase = join(runtimeDir, `${slot}.`);
  return {
    dir,
    slot,
    spec: join(dir, "spec.json"),
    state: join(dir, "state.json"),
    vncSecret: join(dir, "vnc-secret"),
    overlay: join(dir, "overlay.qcow2"),
    extraOverlay: (index) => join(dir, `disk-${index + 1}.qcow2`),
    customized: join(dir, "customized.qcow2"),
    base: join(dir, "base.json"),
    firmwareVars: join(dir, "firmware-vars.qcow2"),
    memoryHolder: join(dir, "memory.qcow2"),
    tpmDir: join(dir, "tpm"),
    log: join(dir, "qemu.log"),
    tpmLog: join(dir, "swtpm.log"),
    sharesLog: join(dir, "virtiofsd.log"),
    serialLog: join(dir, "serial.log"),
    screenshot: join(dir, "screen.png"),
    exported: join(dir, "image.qcow2"),
    qmpSocket: `${socketBase}qmp`,
    vncSocket: `${socketBase}vnc`,
    serialSocket: `${socketBase}ser`,
    guestAgentSocket: `${socketBase}ga`,
    tpmSocket: `${socketBase}tpm`,
    socketBase,
    alias: `vm-${slot}`,
  };
}
