import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Proxy } from "../../../proxy/index.ts";
import { machineCreateRequest, machineStopRequest, type Machine } from "../../api/schemas.ts";
import { requireCaller } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";
import type { ScreenViews } from "../view/screen-views.ts";
import type { Orchestrator, ScreenshotCache } from "../../../orchestrator/index.ts";
import { maySeeMachine } from "../view/permissions.ts";
import { serializeMachine } from "../view/serializers.ts";
import type { ReadModel } from "../view/read-model.ts";
import { MachineResource } from "./machine-resource.ts";

export interface MachineRoutesContext {
  readonly proxy: Proxy;
  readonly orchestrator: Orchestrator;
  readonly screenshots: ScreenshotCache;
  readonly screenViews: ScreenViews;
  readonly loadReadModel: () => Promise<ReadModel>;
}

/** A boot script travels with the order. */
const ORDER_BYTES = 512 * 1024;

const screenQuery = z.object({ width: z.coerce.number().int().min(16).max(1280).default(320) });

export function routeMachines(api: FastifyInstance, options: MachineRoutesContext): void {
  const {
    proxy,
    orchestrator: room,
    screenshots: screens,
    screenViews: looks,
    loadReadModel: takeSnapshot,
  } = options;
  const { commands: acts } = room;
  const door = new MachineResource(proxy, takeSnapshot);

  api.get("/machines", async (request): Promise<Machine[]> => {
    const caller = requireCaller(request);
    const snapshot = await takeSnapshot();
    return [...snapshot.machines.values()]
      .filter((record) => maySeeMachine(caller, record))
      .map((record) => serializeMachine(caller, record, snapshot));
  });

  api.get("/machines/:id", async (request) => {
    const { caller, record } = await door.find(request);
    return door.serialize(caller, record);
  });

  api.post("/machines", { bodyLimit: ORDER_BYTES }, async (request, reply) => {
    const caller = requireCaller(request);
    const record = await acts.create(parseInput(machineCreateRequest, request.body), caller);
    door.audit(request, "machine.create", record.id);
    return reply.code(201).send(await door.serialize(caller, record));
  });

  api.post("/machines/:id/start", async (request) => {
    const { caller, record } = await door.find(request);
    const started = await acts.start(record.id);
    door.audit(request, "machine.start", record.id);
    return door.serialize(caller, started);
  });

  api.post("/machines/:id/stop", async (request) => {
    const { force } = parseInput(machineStopRequest, request.body);
    const { caller, record } = await door.find(request);
    const stopped = await acts.stop(record.id, force);
    door.audit(request, "machine.stop", record.id);
    return door.serialize(caller, stopped);
  });

  api.delete("/machines/:id", async (request, reply) => {
    const { record } = await door.find(request);
    await acts.remove(record.id);
    door.audit(request, "machine.remove", record.id);
    return reply.code(204).send();
  });

  api.get("/machines/:id/screen.png", async (request, reply) => {
    const { caller, record } = await door.find(request);
    const { width } = parseInput(screenQuery, request.query);
    // Who looks at its picture may open it next.
    if (record.agentId !== null) proxy.expectViewer(record.agentId);
    const { png, etag } = await screens.get(record, width);
    const isForeign = record.ownerId !== caller.userId;
    if (isForeign && looks.beginsView(caller.userId, record.id))
      door.audit(request, "machine.look", record.id);
    void reply.header("cache-control", "private, no-cache").header("etag", etag);
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.type("image/png").send(png);
  });
}
