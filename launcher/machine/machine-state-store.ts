import type { Logger } from "pino";
import { describeError, type Clock } from "../../protocol/index.ts";
import { machineStateFile, type MachineStateFile } from "../model/machine-state-file.ts";
import { readRecord, replaceJsonFile, type ReadRecord } from "../system/json-file.ts";

/** After a write that failed, in milliseconds. */
const RETRY_MS = 2000;

export function readMachineState(file: string): ReadRecord<MachineStateFile> {
  return readRecord(file, machineStateFile);
}

/** A machine's record, in memory and on disk. A full disk stops no machine: the record is written once there is space. */
export class MachineStateStore {
  readonly #file: string | null;
  readonly #clock: Clock;
  readonly #log: Logger;
  #record: MachineStateFile;
  #cancelRetry: (() => void) | undefined;

  /** @param file null: the record is in memory only, and what is on disk stays as it is */
  constructor(
    file: string | null,
    record: MachineStateFile,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.#file = file;
    this.#record = record;
    this.#clock = clock;
    this.#log = log;
  }

  get record(): MachineStateFile {
    return this.#record;
  }

  change(change: Partial<MachineStateFile>): void {
    this.#record = { ...this.#record, ...change };
    this.save();
  }

  /** Writes no more. */
  close(): void {
    this.#cancelRetry?.();
  }

  /** Writes the record, now or once it can be written. Never throws. */
  save(): void {
    if (this.#file === null) return;
    const failedBefore = this.#cancelRetry !== undefined;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    try {
      replaceJsonFile(this.#file, this.#record);
    } catch (error) {
      if (!failedBefore)
        this.#log.error(
          { event: "machine.record-unwritten", why: describeError(error) },
          "a machine's record could not be written; it is tried again",
        );
      this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
        this.save();
      });
    }
  }
}
