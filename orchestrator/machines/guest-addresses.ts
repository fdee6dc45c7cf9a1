import { isOn, type MachineStatus } from "../../protocol/index.ts";

/**
 * The addresses of running guests, as their hosts said last. Not in the database: each host says them again when it
 * connects, and a server knows those of its own hosts.
 */
export class GuestAddresses {
  readonly #known = new Map<string, readonly string[]>();

  /** @returns whether they differ from those of before */
  update({ id, state, addresses = [] }: MachineStatus): boolean {
    const current = isOn(state) ? addresses : [];
    if (current.join() === this.of(id).join()) return false;
    if (current.length === 0) this.#known.delete(id);
    else this.#known.set(id, current);
    return true;
  }

  forget(machineId: string): void {
    this.#known.delete(machineId);
  }

  of(machineId: string): readonly string[] {
    return this.#known.get(machineId) ?? [];
  }
}
