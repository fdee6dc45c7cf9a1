import type { Kysely } from "kysely";
import { isOff, machineState, machineTraits, type Clock } from "../../protocol/index.ts";
import { machineOptions } from "./machine-options.ts";
import { decodeMachineRow, encodeMachineRow, encodeNewMachine } from "./machine-row.ts";
import type { MachineEnding, MachineRecord } from "./state-records.ts";
import type { MachineChange, MachineStore, NewMachine } from "./stores.ts";
import type { Tables } from "./tables.ts";
import { rejectOnViolation } from "./constraint.ts";
import { inBatches } from "./in-batches.ts";

const OFF_STATES = machineState.options.filter(isOff);

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
      powerOffAt: null,
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

  findMany(ids: readonly string[]): Promise<MachineRecord[]> {
    return inBatches(ids, async (batch) =>
      (await this.#select().where("id", "in", batch).execute()).map(decodeMachineRow),
    );
  }

  async list(): Promise<MachineRecord[]> {
    return (await this.#select().execute()).map(decodeMachineRow);
  }

  async listByOwner(ownerId: string): Promise<MachineRecord[]> {
    return (await this.#select().where("ownerId", "=", ownerId).execute()).map(decodeMachineRow);
  }

  async listByAgent(agentId: string): Promise<MachineRecord[]> {
    return (await this.#select().where("agentId", "=", agentId).execute()).map(decodeMachineRow);
  }

  async listPending(): Promise<MachineRecord[]> {
    const pending = this.#select().where("state", "in", ["queued", "preparing"]);
    return (await pending.execute()).map(decodeMachineRow);
  }

  async listEnding(): Promise<MachineRecord[]> {
    const ending = this.#select().where((machine) =>
      machine.or([
        machine("oneShot", "=", 1),
        machine("expiresAt", "is not", null),
        machine("ending", "is not", null),
      ]),
    );
    return (await ending.execute()).map(decodeMachineRow);
  }

  async listNamedFrom(prefix: string): Promise<Pick<MachineRecord, "name" | "wish">[]> {
    const characters = [...prefix].length;
    // `like` has wildcards of its own, which a name may hold.
    const rows = await this.#db
      .selectFrom("machines")
      .select(["name", "wish"])
      .where(({ eb, fn, ref, lit }) =>
        eb(fn<string>("substr", [ref("name"), lit(1), lit(characters)]), "=", prefix),
      )
      .execute();
    return rows.map((row) => ({ name: row.name, wish: machineOptions.parse(JSON.parse(row.wish)) }));
  }

  async countPlaced(): Promise<Map<string, number>> {
    const rows = await this.#db
      .selectFrom("machines")
      .select(({ fn }) => ["agentId", fn.countAll<number>().as("count")])
      .where("agentId", "is not", null)
      .where("state", "not in", OFF_STATES)
      .groupBy("agentId")
      .execute();
    return new Map(
      rows.flatMap(({ agentId, count }) => (agentId === null ? [] : [[agentId, count] as const])),
    );
  }

  #select() {
    return this.#db.selectFrom("machines").selectAll().orderBy("createdAt").orderBy("id");
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
