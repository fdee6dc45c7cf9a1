import type { FastifyInstance } from "fastify";
import { machineCreateRequest, machineStopRequest, screenQuery, type Machine } from "../../api/schemas.ts";
import { requireCaller } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";
import type { ScreenViews } from "../view/screen-views.ts";

import { machineAccess, viewerOf, visibleScope } from "../view/permissions.ts";
import { serializeMachine } from "../view/serializers.ts";
import { MachineResource, type MachineResourceContext } from "./machine-resource.ts";

interface MachineRoutesContext extends MachineResourceContext {
  readonly screenViews: ScreenViews;
}

/** A boot script is part of the request. */
const CREATE_REQUEST_BYTES = 512 * 1024;

export function routeMachines(api: FastifyInstance, options: MachineRoutesContext): void {
  const { proxy, orchestrator, screenViews, loadReadModel } = options;
  const { commands, screenshots } = orchestrator;
  const resource = new MachineResource(proxy, loadReadModel);

  api.get("/machines", async (request): Promise<Machine[]> => {
    const viewer = await viewerOf(proxy.rights, requireCaller(request));
    const model = await loadReadModel(visibleScope(viewer));
    return [...model.machines.values()].flatMap((record) => {
      const access = machineAccess(viewer, record, model);
      return access === null ? [] : serializeMachine({ ...viewer, access }, record, model);
    });
  });

  api.get("/machines/:id", async (request) => {
    const { caller, record } = await resource.find(request, "see");
    return resource.serialize(caller, record);
  });

  api.post("/machines", { bodyLimit: CREATE_REQUEST_BYTES }, async (request, reply) => {
    const caller = requireCaller(request);
    const record = await commands.create(parseInput(machineCreateRequest, request.body), caller);
    resource.audit(request, "machine.create", record);
    return reply.code(201).send(await resource.serialize(caller, record));
  });

  api.post("/machines/:id/start", async (request) => {
    const { caller, record } = await resource.find(request, "control");
    const started = await commands.start(record.id);
    resource.audit(request, "machine.start", record);
    return resource.serialize(caller, started);
  });

  api.post("/machines/:id/stop", async (request) => {
    const { force } = parseInput(machineStopRequest, request.body);
    const { caller, record } = await resource.find(request, "control");
    const stopped = await commands.stop(record.id, force);
    resource.audit(request, "machine.stop", record);
    return resource.serialize(caller, stopped);
  });

  api.delete("/machines/:id", async (request, reply) => {
    const { record } = await resource.find(request, "manage");
    await commands.remove(record.id);
    resource.audit(request, "machine.remove", record);
    return reply.code(204).send();
  });

  api.get("/machines/:id/screen.png", async (request, reply) => {
    const { caller, record } = await resource.find(request, "view");
    const { width } = parseInput(screenQuery, request.query);
    // Its display may be opened next.
    if (record.agentId !== null) proxy.expectViewer(record.agentId);
    const { png, etag } = await screenshots.get(record, width);
    const isForeign = record.ownerId !== caller.userId;
    if (isForeign && screenViews.beginsView(caller.userId, record.id))
      await resource.auditLook(request, record, () => {
        screenViews.forgetView(caller.userId, record.id);
      });
    void reply.header("cache-control", "private, no-cache").header("etag", etag);
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.type("image/png").send(png);
  });
}
