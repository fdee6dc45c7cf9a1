import { LaunchError, PeerClosed, RequestError, type MachineSnapshot } from "../../protocol/index.ts";
import type { SnapshotNode } from "../model/snapshot-nodes.ts";
import {
  applyDiskSnapshot,
  deleteDiskSnapshot,
  listDiskSnapshots,
  takeDiskSnapshot,
} from "../disks/disk-snapshots.ts";
import { hidePaths } from "../process/describe-failure.ts";
import type { QemuSession } from "./qemu-session.ts";
import { describeSnapshots, SAVED_TAG, toSnapshotTag } from "./snapshot-tags.ts";

/** Each one makes the disk's tables longer. */
const MAX_SNAPSHOTS = 32;

/** The snapshots of one machine: with the guest's memory while it runs, of the disks alone while it is off. */
export class SnapshotStore {
  readonly #nodes: readonly SnapshotNode[];
  readonly #qemuImg: string;

  /** @param qemuImg the program */
  constructor(nodes: readonly SnapshotNode[], qemuImg: string) {
    this.#nodes = nodes;
    this.#qemuImg = qemuImg;
  }

  /** @param guest undefined: the machine is off. @throws LaunchError `SNAPSHOT_FAILED` */
  async list(guest: QemuSession | undefined): Promise<MachineSnapshot[]> {
    return attempt("list", async () =>
      describeSnapshots(
        guest === undefined
          ? await listDiskSnapshots(this.#qemuImg, this.#nodes)
          : await guest.listSnapshots(),
      ),
    );
  }

  /** @throws RequestError `SNAPSHOT_EXISTS`, `SNAPSHOT_LIMIT`; LaunchError `SNAPSHOT_FAILED` */
  async take(name: string, guest: QemuSession | undefined): Promise<void> {
    this.checkSupport();
    const present = await this.list(guest);
    if (present.some((one) => one.name === name))
      throw refuse(
        "SNAPSHOT_EXISTS",
        `A snapshot "${name}" exists. Choose another name, or delete it first.`,
      );
    if (present.length >= MAX_SNAPSHOTS)
      throw refuse("SNAPSHOT_LIMIT", `A machine has at most ${MAX_SNAPSHOTS} snapshots. Delete one first.`);
    const tag = toSnapshotTag(name);
    await attempt("take", () =>
      guest === undefined ? takeDiskSnapshot(this.#qemuImg, this.#nodes, tag) : guest.takeSnapshot(tag),
    );
  }

  /**
   * Brings the disks, and the memory of a running guest, back to a snapshot.
   * @returns the tag of the memory that the next start of a machine that is off shall go on from
   * @throws RequestError `SNAPSHOT_UNKNOWN`, `MACHINE_RUNNING`; LaunchError `SNAPSHOT_FAILED`
   */
  async restore(name: string, guest: QemuSession | undefined): Promise<string | undefined> {
    const { withMemory } = await this.#find(name, guest);
    const tag = toSnapshotTag(name);
    if (guest !== undefined) {
      if (!withMemory)
        throw refuse("MACHINE_RUNNING", "This snapshot holds no memory. Stop the machine first.");
      await attempt("load", () => guest.loadSnapshot(tag));
      return undefined;
    }
    await attempt("apply", async () => {
      await applyDiskSnapshot(this.#qemuImg, this.#nodes, tag);
      await deleteDiskSnapshot(this.#qemuImg, this.#nodes, SAVED_TAG);
    });
    return withMemory ? tag : undefined;
  }

  /** @returns its tag. @throws RequestError `SNAPSHOT_UNKNOWN`; LaunchError `SNAPSHOT_FAILED` */
  async remove(name: string, guest: QemuSession | undefined): Promise<string> {
    await this.#find(name, guest);
    const tag = toSnapshotTag(name);
    await attempt("delete", () =>
      guest === undefined ? deleteDiskSnapshot(this.#qemuImg, this.#nodes, tag) : guest.dropSnapshot(tag),
    );
    return tag;
  }

  /** @throws RequestError `SNAPSHOT_UNSUPPORTED` */
  checkSupport(): void {
    if (this.#nodes.length > 0) return;
    throw refuse(
      "SNAPSHOT_UNSUPPORTED",
      "The machine works on an image of a format that holds no snapshots.",
    );
  }

  async #find(name: string, guest: QemuSession | undefined): Promise<MachineSnapshot> {
    const found = (await this.list(guest)).find((one) => one.name === name);
    if (found === undefined) throw refuse("SNAPSHOT_UNKNOWN", `The machine has no snapshot "${name}".`);
    return found;
  }
}

/** What QEMU said, without the host's paths. */
export function describeSnapshotFailure(error: unknown): string {
  const said = error instanceof LaunchError ? hidePaths(error.message.replace(/^QEMU refused: /, "")) : "";
  return said === "" ? "The host could not do it." : `QEMU said: ${said}`;
}

async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isUnsafe = cause instanceof LaunchError && cause.code === "OVERLAY_UNSAFE";
    if (cause instanceof RequestError || isUnsafe) throw cause;
    const text =
      cause instanceof PeerClosed ? "The machine ended meanwhile." : describeSnapshotFailure(cause);
    throw new LaunchError("SNAPSHOT_FAILED", `snapshot, ${what}: ${text}`, { cause, safeMessage: text });
  }
}

function refuse(code: string, text: string): RequestError {
  return RequestError.public(code, text);
}
