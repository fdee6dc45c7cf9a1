import { readTakings, writeTakings, type Taking } from "./record.ts";

/** What is taken for which machine, on disk with every change. */
export class Ledger {
  readonly #file: string;
  #takings: readonly Taking[];

  /** @throws LaunchError `GPU_RECORD` */
  constructor(file: string) {
    this.#file = file;
    this.#takings = readTakings(file);
  }

  get takings(): readonly Taking[] {
    return this.#takings;
  }

  /** What a machine has; what is owed to the host is nobody's any more. */
  of(machine: string): Taking | undefined {
    return this.#takings.find((taking) => taking.machine === machine && !taking.owed);
  }

  add(taking: Taking): void {
    this.#store([...this.#takings, taking]);
  }

  replace(before: Taking, after: Taking): void {
    this.#store(this.#takings.map((taking) => (taking === before ? after : taking)));
  }

  remove(taking: Taking): void {
    this.#store(this.#takings.filter((other) => other !== taking));
  }

  #store(takings: readonly Taking[]): void {
    writeTakings(this.#file, takings);
    this.#takings = takings;
  }
}
