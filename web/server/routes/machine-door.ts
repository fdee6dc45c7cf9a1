import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { Machine } from "../../api/schemas.ts";
import { refuse } from "../errors.ts";
import { actorOf } from "../guard/actor.ts";
import { requireCaller, type Caller } from "../guard/caller.ts";
import { parseInput } from "../guard/input.ts";
import { maySeeMachine, shapeMachine } from "../view/shapes.ts";
import type { Snapshot } from "../view/snapshot.ts";

const machineParams = z.object({ id: z.string().min(1).max(64) });

/** What every route about one machine does: finds it for its caller, shows it, writes down what was done. */
export class MachineDoor {
  readonly #proxy: Proxy;
  readonly #takeSnapshot: () => Promise<Snapshot>;

  constructor(proxy: Proxy, takeSnapshot: () => Promise<Snapshot>) {
    this.#proxy = proxy;
    this.#takeSnapshot = takeSnapshot;
  }

  /** Somebody else's machine looks like none at all. @throws RequestError `LOGIN_REQUIRED`, `MACHINE_UNKNOWN` */
  async find(request: FastifyRequest): Promise<{ caller: Caller; record: MachineRecord }> {
    const caller = requireCaller(request);
    const { id } = parseInput(machineParams, request.params);
    const record = await this.#proxy.stores.machines.find(id);
    if (record === null || !maySeeMachine(caller, record)) throw refuse("MACHINE_UNKNOWN");
    return { caller, record };
  }

  async show(caller: Caller, record: MachineRecord): Promise<Machine> {
    return shapeMachine(caller, record, await this.#takeSnapshot());
  }

  audit(request: FastifyRequest, action: string, machineId: string): void {
    this.#proxy.audit({ action, outcome: "success", ...actorOf(request), machineId });
  }
}
