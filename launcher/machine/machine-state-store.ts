import type { Logger } from "pino";
import { describeError, type Clock } from "../../protocol/index.ts";
import { machineStateFile, type MachineStateFile } from "../model/machine-state-file.ts";
import { readJsonFile, replaceJsonFile } from "../system/json-file.ts";

/** After a write that failed, in milliseconds. */
const RETRY_MS = 2000;

/** Null: the file is missing or damaged. */
export function readMachineState(file: string): MachineStateFile | null {
  return readJsonFile(file, machineStateFile);
}

/** A machine's record, in memory and on disk. A full disk stops no machine: the record is written once there is space. */
export class MachineStateStore {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #record: MachineStateFile;
  #cancelRetry: (() => void) | undefined;

  constructor(
    file: string,
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
    this.#save();
  }

  /** Writes no more. */
  close(): void {
    this.#cancelRetry?.();
  }

  #save(): void {
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
        this.#save();
      });
    }
  }
}
