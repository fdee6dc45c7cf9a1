import type { Kysely } from "kysely";
import { machineTraits, type Clock } from "../../protocol/index.ts";
import { machineOptions } from "./machine-options.ts";
import { decodeMachineRow, encodeMachineRow, encodeNewMachine } from "./machine-row.ts";
import type { MachineEnding, MachineRecord } from "./state-records.ts";
import type { MachineChange, MachineStore, NewMachine } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";

export class SqlMachineStore implements MachineStore {
  readonly #db: Kysely<Tables>;
  readonly #clock: Clock;

  constructor(db: Kysely<Tables>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(machine: NewMachine): Promise<MachineRecord> {
    const now = this.#clock.now();
    const record: MachineRecord = {
      ...machineTraits.parse(machine),
      id: machine.id,
      name: machine.name,
      image: machine.image,
      ownerId: machine.ownerId,
      agentId: null,
      state: machine.state,
      reason: null,
      cause: null,
      accel: null,
      cpus: machine.cpus,
      memoryMb: machine.memoryMb,
      wish: machineOptions.parse(machine.wish ?? {}),
      lifetimeMs: machine.lifetimeMs ?? null,
      expiresAt: null,
      warnedAt: null,
      idleSince: null,
      viewed: false,
      ending: null,
      saved: false,
      progress: null,
      tried: [],
      createdAt: now,
      since: now,
    };
    await rejectOnViolation("unique", "MACHINE_NAME_TAKEN", "A machine of this name exists already.", () =>
      this.#db.insertInto("machines").values(encodeNewMachine(record)).execute(),
    );
    return record;
  }

  async find(id: string): Promise<MachineRecord | null> {
    const row = await this.#db.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirst();
    return row === undefined ? null : decodeMachineRow(row);
  }

  async list(): Promise<MachineRecord[]> {
    const rows = await this.#db
      .selectFrom("machines")
      .selectAll()
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
    return rows.map(decodeMachineRow);
  }

  async update(id: string, change: MachineChange): Promise<MachineRecord | null> {
    const given = encodeMachineRow(change);
    if (Object.keys(given).length === 0) return await this.find(id);
    const { state } = change;
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
    return row === undefined ? null : decodeMachineRow(row);
  }

  async claim(id: string, serverId: string, until: number): Promise<MachineRecord | null> {
    const row = await this.#db
      .updateTable("machines")
      .set({ claimedBy: serverId, claimedUntil: until })
      .where("id", "=", id)
      // Preparing without a host: an image is on its way to one for it.
      .where("state", "in", ["queued", "preparing"])
      .where("agentId", "is", null)
      .where((machine) =>
        machine.or([
          machine("claimedUntil", "is", null),
          machine("claimedUntil", "<=", this.#clock.now()),
          machine("claimedBy", "=", serverId),
        ]),
      )
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? null : decodeMachineRow(row);
  }

  async release(id: string, serverId: string): Promise<void> {
    await this.#db
      .updateTable("machines")
      .set({ claimedBy: null, claimedUntil: null })
      .where("id", "=", id)
      .where("claimedBy", "=", serverId)
      .execute();
  }

  async beginEnding(id: string, cause: MachineEnding): Promise<boolean> {
    const begun = await this.#db
      .updateTable("machines")
      .set({ ending: cause })
      .where("id", "=", id)
      .where("ending", "is", null)
      .returning("id")
      .executeTakeFirst();
    return begun !== undefined;
  }

  async beginWarning(id: string): Promise<boolean> {
    const begun = await this.#db
      .updateTable("machines")
      .set({ warnedAt: this.#clock.now() })
      .where("id", "=", id)
      .where("warnedAt", "is", null)
      .returning("id")
      .executeTakeFirst();
    return begun !== undefined;
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom("machines").where("id", "=", id).execute();
  }
}
