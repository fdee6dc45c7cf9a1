import type { FastifyRequest } from "fastify";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { Orchestrator } from "../../../orchestrator/index.ts";
import type { Machine } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { requireCaller, type Caller } from "../guard/caller.ts";
import { parseId } from "../guard/parse-input.ts";
import { maySeeMachine } from "../view/permissions.ts";
import { serializeMachine } from "../view/serializers.ts";
import type { LoadReadModel } from "../view/read-model.ts";

export interface MachineResourceContext {
  readonly proxy: Proxy;
  readonly orchestrator: Orchestrator;
  readonly loadReadModel: LoadReadModel;
}

/** What every route about one machine needs: finds it for the caller, serializes it, audits what was done. */
export class MachineResource {
  readonly #proxy: Proxy;
  readonly #loadReadModel: LoadReadModel;

  constructor(proxy: Proxy, loadReadModel: LoadReadModel) {
    this.#proxy = proxy;
    this.#loadReadModel = loadReadModel;
  }

  /** Another person's machine is reported as unknown. @throws RequestError `LOGIN_REQUIRED`, `MACHINE_UNKNOWN` */
  async find(request: FastifyRequest): Promise<{ caller: Caller; record: MachineRecord }> {
    const caller = requireCaller(request);
    const id = parseId(request);
    const record = await this.#proxy.stores.machines.find(id);
    if (record === null || !maySeeMachine(caller, record)) throw refuse("MACHINE_UNKNOWN");
    return { caller, record };
  }

  async serialize(caller: Caller, record: MachineRecord): Promise<Machine> {
    return serializeMachine(
      caller,
      record,
      await this.#loadReadModel({ kind: "named", machineIds: [record.id] }),
    );
  }

  audit(request: FastifyRequest, action: string, machineId: string): void {
    this.#proxy.audit({ action, outcome: "success", ...auditActor(request), machineId });
  }
}
