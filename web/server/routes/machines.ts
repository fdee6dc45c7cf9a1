import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import { machineCreateRequest, machineStopRequest, type Image, type Machine } from "../../api/schemas.ts";
import { refuse } from "../errors.ts";
import { actorOf } from "../guard/actor.ts";
import { requireCaller, type Caller } from "../guard/caller.ts";
import { parseInput } from "../guard/input.ts";
import type { Catalogue } from "../machines/catalogue.ts";
import type { Looks } from "../machines/looks.ts";
import type { MachineActs } from "../machines/machine-acts.ts";
import type { Screens } from "../machines/screens.ts";
import { maySeeMachine, shapeMachine } from "../view/shapes.ts";
import type { Snapshot } from "../view/snapshot.ts";

export interface MachineRoutes {
  readonly proxy: Proxy;
  readonly catalogue: Catalogue;
  readonly acts: MachineActs;
  readonly screens: Screens;
  readonly looks: Looks;
  readonly takeSnapshot: () => Promise<Snapshot>;
}

const machineParams = z.object({ id: z.string().min(1).max(64) });
const screenQuery = z.object({ width: z.coerce.number().int().min(16).max(1280).default(320) });

export function routeMachines(api: FastifyInstance, options: MachineRoutes): void {
  const { proxy, catalogue, acts, screens, looks, takeSnapshot } = options;

  api.get("/images", (request): Promise<Image[]> => {
    requireCaller(request);
    return catalogue.list();
  });

  api.get("/machines", async (request): Promise<Machine[]> => {
    const caller = requireCaller(request);
    const snapshot = await takeSnapshot();
    return [...snapshot.machines.values()]
      .filter((record) => maySeeMachine(caller, record))
      .map((record) => shapeMachine(caller, record, snapshot));
  });

  api.get("/machines/:id", async (request) => {
    const { caller, record } = await find(request);
    return shape(caller, record);
  });

  api.post("/machines", async (request, reply) => {
    const caller = requireCaller(request);
    const record = await acts.create(parseInput(machineCreateRequest, request.body), caller.userId);
    audit(request, "machine.create", record.id);
    return reply.code(201).send(await shape(caller, record));
  });

  api.post("/machines/:id/start", async (request) => {
    const { caller, record } = await find(request);
    const started = await acts.start(record.id);
    audit(request, "machine.start", record.id);
    return shape(caller, started);
  });

  api.post("/machines/:id/stop", async (request) => {
    const { force } = parseInput(machineStopRequest, request.body);
    const { caller, record } = await find(request);
    const stopped = await acts.stop(record.id, force);
    audit(request, "machine.stop", record.id);
    return shape(caller, stopped);
  });

  api.delete("/machines/:id", async (request, reply) => {
    const { record } = await find(request);
    await acts.remove(record.id);
    audit(request, "machine.remove", record.id);
    return reply.code(204).send();
  });

  api.get("/machines/:id/screen.png", async (request, reply) => {
    const { caller, record } = await find(request);
    const { width } = parseInput(screenQuery, request.query);
    // Who looks at its picture may open it next.
    if (record.agentId !== null) proxy.expectViewer(record.agentId);
    const { png, etag } = await screens.show(record, width);
    const isForeign = record.ownerId !== caller.userId;
    if (isForeign && looks.begins(caller.userId, record.id)) audit(request, "machine.look", record.id);
    void reply.header("cache-control", "private, no-cache").header("etag", etag);
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.type("image/png").send(png);
  });

  /** Somebody else's machine looks like none at all. */
  async function find(request: FastifyRequest): Promise<{ caller: Caller; record: MachineRecord }> {
    const caller = requireCaller(request);
    const { id } = parseInput(machineParams, request.params);
    const record = await proxy.stores.machines.find(id);
    if (record === null || !maySeeMachine(caller, record)) throw refuse("MACHINE_UNKNOWN");
    return { caller, record };
  }

  async function shape(caller: Caller, record: MachineRecord): Promise<Machine> {
    return shapeMachine(caller, record, await takeSnapshot());
  }

  function audit(request: FastifyRequest, action: string, machineId: string): void {
    proxy.audit({ action, outcome: "success", ...actorOf(request), machineId });
  }
}
