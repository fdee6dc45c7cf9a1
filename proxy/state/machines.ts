import type { Kysely } from "kysely";
import type { Clock } from "../../protocol/index.ts";
import type { MachineRecord } from "./records.ts";
import type { MachineStore } from "./stores.ts";
import type { Tables } from "./schema.ts";
import { refuseIf } from "./constraint.ts";

export class SqlMachineStore implements MachineStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(machine: Parameters<MachineStore["add"]>[0]): Promise<MachineRecord> {
    const now = this.#clock.now();
    const record: MachineRecord = {
      id: machine.id,
      name: machine.name,
      image: machine.image,
      ownerId: machine.ownerId,
      agentId: null,
      state: machine.state,
      reason: null,
      accel: null,
      cpus: machine.cpus,
      memoryMb: machine.memoryMb,
      createdAt: now,
      since: now,
    };
    await refuseIf("unique", "MACHINE_NAME_TAKEN", "A machine of this name exists already.", () =>
      this.#db.insertInto("machines").values(record).execute(),
    );
    return record;
  }

  async find(id: string): Promise<MachineRecord | null> {
    const row = await this.#db.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirst();
    return row ?? null;
  }

  list(): Promise<MachineRecord[]> {
    return this.#db.selectFrom("machines").selectAll().orderBy("createdAt").orderBy("id").execute();
  }

  async update(id: string, change: Parameters<MachineStore["update"]>[1]): Promise<MachineRecord | null> {
    const { state, reason, accel, agentId, cpus, memoryMb } = change;
    const set = Object.entries({ state, reason, accel, agentId, cpus, memoryMb });
    const given = Object.fromEntries(set.filter(([, value]) => value !== undefined)) as typeof change;
    if (Object.keys(given).length === 0) return await this.find(id);
    const now = this.#clock.now();
    const row = await this.#db
      .updateTable("machines")
      .set((machine) => ({
        ...given,
        // `since` tells when the state changed, so the same state again leaves it.
        ...(state === undefined
          ? {}
          : {
              since: machine
                .case()
                .when("state", "=", state)
                .then(machine.ref("since"))
                .else(machine.cast<number>(machine.val(now), "bigint"))
                .end(),
            }),
      }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    return row ?? null;
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom("machines").where("id", "=", id).execute();
  }
}
