import type { FastifyInstance, FastifyRequest } from "fastify";
import { diskRef, type DiskRef } from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import { diskMoveRequest, type Disk } from "../../api/schemas.ts";
import type { DataDiskService, KnownDisk } from "../../../orchestrator/index.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { requireAdmin, requireCaller } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";

/** People's data disks. */
export function routeDisks(api: FastifyInstance, proxy: Proxy, room: DataDiskService): void {
  api.get("/disks", async (request): Promise<Disk[]> => {
    const { name, role } = requireCaller(request);
    const disks = await room.list();
    const seen = role === "admin" ? disks : disks.filter(({ copy }) => copy.owner === name);
    return seen.map((one) => serializeDisk(one, role === "admin"));
  });

  api.delete("/disks/:owner/:name", async (request, reply) => {
    const ref = parseOwnDisk(request);
    await room.remove(ref);
    const diskName = `${ref.owner}/${ref.name}`;
    proxy.audit({ action: "disk.remove", outcome: "success", ...auditActor(request), diskName });
    return reply.code(204).send();
  });

  api.post("/disks/:owner/:name/move", async (request, reply) => {
    requireAdmin(request);
    const { host } = parseInput(diskMoveRequest, request.body);
    await room.move(parseInput(diskRef, request.params), host, auditActor(request));
    return reply.code(202).send();
  });
}

/** Somebody else's disk looks like none at all. */
function parseOwnDisk(request: FastifyRequest): DiskRef {
  const { name, role } = requireCaller(request);
  const ref = parseInput(diskRef, request.params);
  if (role !== "admin" && ref.owner !== name) throw refuse("DISK_UNKNOWN");
  return ref;
}

function serializeDisk({ host, copy }: KnownDisk, withHost: boolean): Disk {
  const { owner, name, sizeGb, bytes, usedAt, state, machine } = copy;
  return {
    ...{ owner, name, sizeGb, bytes, usedAt, machine: machine ?? null },
    state: state === "leaving" || state === "left" ? "travelling" : "here",
    host: withHost ? host.name : null,
  };
}
