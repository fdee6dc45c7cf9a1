import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type {
  BootLog,
  MachineCredential,
  MachineSnapshot as MachineSnapshot,
} from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import {
  machineExtendRequest,
  saveAsImageRequest,
  snapshotRequest,
  type Machine,
} from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { requireAdmin } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";
import type { DirectCommand, Orchestrator } from "../../../orchestrator/index.ts";
import { ownsMachine } from "../view/permissions.ts";
import type { ReadModel } from "../view/read-model.ts";
import { MachineResource } from "./machine-resource.ts";

const snapshotParams = z.object({ name: snapshotRequest.shape.name });
const DIRECT_COMMANDS: readonly DirectCommand[] = ["pause", "resume", "reset"];

/** What can be done with a machine that has a host, beside starting and stopping it. */
export function routeMachineCommands(
  api: FastifyInstance,
  proxy: Proxy,
  room: Orchestrator,
  takeSnapshot: () => Promise<ReadModel>,
): void {
  const { commands: acts, createRequests: orders } = room;
  const door = new MachineResource(proxy, takeSnapshot);

  for (const act of DIRECT_COMMANDS)
    api.post(`/machines/:id/${act}`, async (request): Promise<Machine> => {
      const { caller, record } = await door.find(request);
      const changed = await acts.perform(record.id, act);
      door.audit(request, `machine.${act}`, record.id);
      return door.serialize(caller, changed);
    });

  api.post("/machines/:id/save", async (request): Promise<Machine> => {
    const { caller, record } = await door.find(request);
    const saved = await acts.save(record.id);
    door.audit(request, "machine.save", record.id);
    return door.serialize(caller, saved);
  });

  api.post("/machines/:id/extend", async (request): Promise<Machine> => {
    const { seconds } = parseInput(machineExtendRequest, request.body);
    const { caller, record } = await door.find(request);
    const { quota: limits } = await orders.readQuotaStatus(caller);
    const extended = await acts.extend(record.id, limits, seconds === undefined ? null : seconds * 1000);
    door.audit(request, "machine.extend", record.id);
    return door.serialize(caller, extended);
  });

  api.post("/machines/:id/close", async (request, reply) => {
    const { record } = await door.find(request);
    await acts.close(record.id);
    door.audit(request, "machine.close", record.id);
    return reply.code(204).send();
  });

  api.get("/machines/:id/snapshots", async (request): Promise<MachineSnapshot[]> => {
    const { record } = await door.find(request);
    return acts.listSnapshots(record.id);
  });

  api.post("/machines/:id/snapshots", async (request): Promise<MachineSnapshot[]> => {
    const { name } = parseInput(snapshotRequest, request.body);
    const { record } = await door.find(request);
    const snapshots = await acts.takeSnapshot(record.id, name);
    door.audit(request, "machine.snapshot", record.id);
    return snapshots;
  });

  api.delete("/machines/:id/snapshots/:name", async (request): Promise<MachineSnapshot[]> => {
    const { name } = parseInput(snapshotParams, request.params);
    const { record } = await door.find(request);
    const snapshots = await acts.removeSnapshot(record.id, name);
    door.audit(request, "snapshot.remove", record.id);
    return snapshots;
  });

  api.post("/machines/:id/snapshots/:name/restore", async (request): Promise<Machine> => {
    const { name } = parseInput(snapshotParams, request.params);
    const { caller, record } = await door.find(request);
    const restored = await acts.restore(record.id, name);
    door.audit(request, "machine.restore", record.id);
    return door.serialize(caller, restored);
  });

  /** What a machine said while it started may hold secrets: every reading is written down. */
  api.get("/machines/:id/boot-log", async (request): Promise<BootLog> => {
    const { record } = await door.find(request);
    const log = await acts.readBootLog(record.id);
    door.audit(request, "machine.log", record.id);
    return log;
  });

  api.get("/machines/:id/credential", async (request, reply): Promise<MachineCredential> => {
    const { caller, record } = await door.find(request);
    if (!ownsMachine(caller, record)) throw refuse("CREDENTIAL_FORBIDDEN");
    const credential = await acts.readCredential(record.id);
    door.audit(request, "machine.credential", record.id);
    void reply.header("cache-control", "no-store");
    return credential;
  });

  api.post("/machines/:id/save-as-image", async (request, reply) => {
    requireAdmin(request);
    const { image, title } = parseInput(saveAsImageRequest, request.body);
    const { record } = await door.find(request);
    const saved = await acts.saveAsImage(record.id, image, title);
    door.audit(request, "machine.image", record.id);
    return reply.code(201).send(saved);
  });
}
