import { LaunchError, PeerClosed, RequestError, type MachineSnapshot } from "../../protocol/index.ts";
import type { SnapshotNode } from "../model/snapshot-nodes.ts";
import {
  applyDiskSnapshot,
  deleteDiskSnapshot,
  listDiskSnapshots,
  takeDiskSnapshot,
} from "../disks/disk-snapshots.ts";
import type { SnapshotInfo } from "../disks/machine-disks.ts";
import { hidePaths } from "../process/describe-failure.ts";
import type { QemuSession } from "./qemu-session.ts";

/** Each one makes the disk's tables longer. */
const MAX_SNAPSHOTS = 32;

/** The memory of a saved machine. No name that a person chooses becomes this tag. */
export const SAVED_TAG = ".saved";

/** Names get a prefix: qcow2 numbers its snapshots, and takes a bare number for a snapshot's number. */
const PREFIX = "u-";

/** The snapshots of one machine: with the guest's memory while it runs, of the disks alone while it is off. */
export class SnapshotStore {
  readonly #nodes: readonly SnapshotNode[];
  readonly #qemuImg: string;

  /** @param qemuImg the program */
  constructor(nodes: readonly SnapshotNode[], qemuImg: string) {
    this.#nodes = nodes;
    this.#qemuImg = qemuImg;
  }

  /** @param session undefined: the machine is off. @throws LaunchError `SNAPSHOT_FAILED` */
  async list(session: QemuSession | undefined): Promise<MachineSnapshot[]> {
    return attempt("list", async () =>
      describeSnapshots(
        session === undefined
          ? await listDiskSnapshots(this.#qemuImg, this.#nodes)
          : await session.listSnapshots(),
      ),
    );
  }

  /** @throws RequestError `SNAPSHOT_EXISTS`, `SNAPSHOT_LIMIT`; LaunchError `SNAPSHOT_FAILED` */
  async take(name: string, session: QemuSession | undefined): Promise<void> {
    this.checkSupport();
    const existing = await this.list(session);
    if (existing.some((snapshot) => snapshot.name === name))
      throw refuse(
        "SNAPSHOT_EXISTS",
        `A snapshot "${name}" exists. Choose another name, or delete it first.`,
      );
    if (existing.length >= MAX_SNAPSHOTS)
      throw refuse("SNAPSHOT_LIMIT", `A machine has at most ${MAX_SNAPSHOTS} snapshots. Delete one first.`);
    const tag = toSnapshotTag(name);
    await attempt("take", () =>
      session === undefined ? takeDiskSnapshot(this.#qemuImg, this.#nodes, tag) : session.takeSnapshot(tag),
    );
  }

  /**
   * Brings the disks, and the memory of a running guest, back to a snapshot.
   * @returns the tag of the memory that the next start of a stopped machine continues from
   * @throws RequestError `SNAPSHOT_UNKNOWN`, `MACHINE_RUNNING`; LaunchError `SNAPSHOT_FAILED`
   */
  async restore(name: string, session: QemuSession | undefined): Promise<string | undefined> {
    const { withMemory } = await this.#find(name, session);
    const tag = toSnapshotTag(name);
    if (session !== undefined) {
      if (!withMemory)
        throw refuse("MACHINE_RUNNING", "This snapshot holds no memory. Stop the machine first.");
      await attempt("load", () => session.loadSnapshot(tag));
      return undefined;
    }
    await attempt("apply", async () => {
      await applyDiskSnapshot(this.#qemuImg, this.#nodes, tag);
      await deleteDiskSnapshot(this.#qemuImg, this.#nodes, SAVED_TAG);
    });
    return withMemory ? tag : undefined;
  }

  /** @returns its tag. @throws RequestError `SNAPSHOT_UNKNOWN`; LaunchError `SNAPSHOT_FAILED` */
  async remove(name: string, session: QemuSession | undefined): Promise<string> {
    await this.#find(name, session);
    const tag = toSnapshotTag(name);
    await attempt("delete", () =>
      session === undefined ? deleteDiskSnapshot(this.#qemuImg, this.#nodes, tag) : session.dropSnapshot(tag),
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

  async #find(name: string, session: QemuSession | undefined): Promise<MachineSnapshot> {
    const found = (await this.list(session)).find((snapshot) => snapshot.name === name);
    if (found === undefined) throw refuse("SNAPSHOT_UNKNOWN", `The machine has no snapshot "${name}".`);
    return found;
  }
}

export function toSnapshotTag(name: string): string {
  return `${PREFIX}${name}`;
}

/** The snapshots that people took, the oldest first. */
export function describeSnapshots(found: readonly SnapshotInfo[]): MachineSnapshot[] {
  return found
    .filter(({ name }) => name.startsWith(PREFIX))
    .map((one) => ({
      name: one.name.slice(PREFIX.length),
      createdAt: one["date-sec"] * 1000 + Math.floor(one["date-nsec"] / 1_000_000),
      withMemory: one["vm-state-size"] > 0,
      bytes: one["vm-state-size"],
    }))
    .sort((one, other) => one.createdAt - other.createdAt);
}

/** QEMU's error text, without the host's paths. */
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
