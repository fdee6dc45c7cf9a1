import type { FastifyRequest } from "fastify";
import {
  includesLevel,
  type AccessLevel,
  type AuditAction,
  type AuditEntry,
  type MachineRecord,
  type Proxy,
} from "../../../proxy/index.ts";
import type { Orchestrator } from "../../../orchestrator/index.ts";
import type { Machine } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead, auditOrUndo } from "../guard/audit-grant.ts";
import { requireCaller, type Caller } from "../guard/caller.ts";
import { parseId } from "../guard/parse-input.ts";
import { machineAccess, ownsMachine, viewerOf } from "../view/permissions.ts";
import { serializeMachine } from "../view/serializers.ts";
import type { LoadReadModel, ReadModel } from "../view/read-model.ts";

export interface MachineResourceContext {
  readonly proxy: Proxy;
  readonly orchestrator: Orchestrator;
  readonly loadReadModel: LoadReadModel;
}

function describe(request: FastifyRequest, action: AuditAction, record: MachineRecord): AuditEntry {
  return {
    action,
    outcome: "success",
    ...auditActor(request),
    machineId: record.id,
    machineName: record.name,
  };
}

/** Whom neither grants nor denials concern. */
function isMaster(caller: Caller, record: MachineRecord): boolean {
  return ownsMachine(caller, record) || caller.role === "admin";
}

/** What every route about one machine needs: finds it for the caller, serializes it, audits what was done. */
export class MachineResource {
  readonly #proxy: Proxy;
  readonly #loadReadModel: LoadReadModel;

  constructor(proxy: Proxy, loadReadModel: LoadReadModel) {
    this.#proxy = proxy;
    this.#loadReadModel = loadReadModel;
  }

  /**
   * A machine that the caller may not even see is reported as unknown.
   * @throws RequestError `LOGIN_REQUIRED`, `MACHINE_UNKNOWN`, `MACHINE_FORBIDDEN`
   */
  async find(
    request: FastifyRequest,
    level: AccessLevel,
  ): Promise<{ caller: Caller; record: MachineRecord }> {
    const caller = requireCaller(request);
    const id = parseId(request);
    const record = await this.#proxy.stores.machines.find(id);
    const access = record === null ? null : await this.#accessOf(caller, record);
    if (record === null || access === null) throw refuse("MACHINE_UNKNOWN");
    if (!includesLevel(access, level)) throw refuse("MACHINE_FORBIDDEN");
    return { caller, record };
  }

  async #accessOf(caller: Caller, record: MachineRecord): Promise<AccessLevel | null> {
    if (isMaster(caller, record)) return "manage";
    const viewer = await viewerOf(this.#proxy.rights, caller);
    return machineAccess(viewer, record, await this.#read(record));
  }

  async serialize(caller: Caller, record: MachineRecord): Promise<Machine> {
    const model = await this.#read(record);
    const access = isMaster(caller, record)
      ? "manage"
      : machineAccess(await viewerOf(this.#proxy.rights, caller), record, model);
    // Who has lost it meanwhile has done their last act with it.
    return serializeMachine({ ...caller, access: access ?? "see" }, record, model);
  }

  #read({ id }: MachineRecord): Promise<ReadModel> {
    return this.#loadReadModel({ kind: "named", machineIds: [id] });
  }

  audit(request: FastifyRequest, action: AuditAction, record: MachineRecord): void {
    this.#proxy.audit(describe(request, action, record));
  }

  /** For what shows a secret or gives a right. @throws RequestError `AUDIT_UNAVAILABLE` */
  auditAhead<T>(
    request: FastifyRequest,
    action: AuditAction,
    record: MachineRecord,
    act: () => Promise<T>,
  ): Promise<T> {
    return auditAhead(this.#proxy, describe(request, action, record), act);
  }

  /** An administrator begins to look at another person's screen. @throws RequestError `AUDIT_UNAVAILABLE` */
  async auditLook(request: FastifyRequest, record: MachineRecord, undo: () => void): Promise<void> {
    await auditOrUndo(this.#proxy, describe(request, "machine.look", record), () => {
      undo();
      return Promise.resolve();
    });
  }
}
