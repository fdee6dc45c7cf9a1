import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { BootLog, MachineCredential, MachineSnapshot } from "../../../protocol/index.ts";
import {
  machineAdoptRequest,
  machineExtendRequest,
  saveAsImageRequest,
  snapshotRequest,
  type Machine,
} from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { requireConfirmed } from "../guard/caller.ts";
import { requirePower } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";
import type { DirectCommand } from "../../../orchestrator/index.ts";
import { ownsMachine } from "../view/permissions.ts";
import { MachineResource, type MachineResourceContext } from "./machine-resource.ts";

const snapshotParams = z.object({ name: snapshotRequest.shape.name });
const DIRECT_COMMANDS: readonly DirectCommand[] = ["pause", "resume", "reset", "keep"];

/** Commands for a machine that has a host, beside start and stop. */
export function routeMachineCommands(
  api: FastifyInstance,
  { proxy, orchestrator, loadReadModel }: MachineResourceContext,
): void {
  const { commands, createRequests } = orchestrator;
  const resource = new MachineResource(proxy, loadReadModel);

  for (const command of DIRECT_COMMANDS)
    api.post(`/machines/:id/${command}`, async (request): Promise<Machine> => {
      const { caller, record } = await resource.find(request, "control");
      const changed = await commands.perform(record.id, command);
      resource.audit(request, `machine.${command}`, record);
      return resource.serialize(caller, changed);
    });

  api.post("/machines/:id/save", async (request): Promise<Machine> => {
    const { caller, record } = await resource.find(request, "control");
    const saved = await commands.save(record.id);
    resource.audit(request, "machine.save", record);
    return resource.serialize(caller, saved);
  });

  api.post("/machines/:id/extend", async (request): Promise<Machine> => {
    const { seconds } = parseInput(machineExtendRequest, request.body);
    const { caller, record } = await resource.find(request, "control");
    const { quota } = await createRequests.readQuotaStatus(caller);
    const extended = await commands.extend(record.id, quota, seconds === undefined ? null : seconds * 1000);
    resource.audit(request, "machine.extend", record);
    return resource.serialize(caller, extended);
  });

  api.post("/machines/:id/adopt", async (request): Promise<Machine> => {
    requirePower(request, "operate");
    const { hostId } = parseInput(machineAdoptRequest, request.body);
    const { caller, record } = await resource.find(request, "manage");
    const adopted = await resource.auditAhead(request, "machine.adopt", record, () =>
      commands.adopt(record.id, hostId),
    );
    return resource.serialize(caller, adopted);
  });

  api.post("/machines/:id/close", async (request, reply) => {
    const { record } = await resource.find(request, "manage");
    await commands.close(record.id);
    resource.audit(request, "machine.close", record);
    return reply.code(204).send();
  });

  api.get("/machines/:id/snapshots", async (request): Promise<MachineSnapshot[]> => {
    const { record } = await resource.find(request, "manage");
    return commands.listSnapshots(record.id);
  });

  api.post("/machines/:id/snapshots", async (request): Promise<MachineSnapshot[]> => {
    const { name } = parseInput(snapshotRequest, request.body);
    const { record } = await resource.find(request, "manage");
    const snapshots = await commands.takeSnapshot(record.id, name);
    resource.audit(request, "machine.snapshot", record);
    return snapshots;
  });

  api.delete("/machines/:id/snapshots/:name", async (request): Promise<MachineSnapshot[]> => {
    const { name } = parseInput(snapshotParams, request.params);
    const { record } = await resource.find(request, "manage");
    const snapshots = await commands.removeSnapshot(record.id, name);
    resource.audit(request, "snapshot.remove", record);
    return snapshots;
  });

  api.post("/machines/:id/snapshots/:name/restore", async (request): Promise<Machine> => {
    const { name } = parseInput(snapshotParams, request.params);
    const { caller, record } = await resource.find(request, "manage");
    const restored = await commands.restore(record.id, name);
    resource.audit(request, "machine.restore", record);
    return resource.serialize(caller, restored);
  });

  /** A boot log may hold secrets: every reading is audited. */
  api.get("/machines/:id/boot-log", async (request): Promise<BootLog> => {
    const { record } = await resource.find(request, "manage");
    return resource.auditAhead(request, "machine.log", record, () => commands.readBootLog(record.id));
  });

  api.get("/machines/:id/credential", async (request, reply): Promise<MachineCredential> => {
    const { caller, record } = await resource.find(request, "manage");
    if (!ownsMachine(caller, record)) throw refuse("CREDENTIAL_FORBIDDEN");
    requireConfirmed(request);
    void reply.header("cache-control", "no-store");
    return resource.auditAhead(request, "machine.credential", record, () =>
      commands.readCredential(record.id),
    );
  });

  api.post("/machines/:id/save-as-image", async (request, reply) => {
    requirePower(request, "administer");
    const wanted = parseInput(saveAsImageRequest, request.body);
    const { record } = await resource.find(request, "manage");
    const saved = await resource.auditAhead(request, "machine.image", record, () =>
      commands.saveAsImage(record.id, wanted),
    );
    return reply.code(201).send(saved);
  });
}
