import type { FastifyInstance, FastifyRequest } from "fastify";
import { diskRef, type DiskRef } from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import { diskMoveRequest, type Disk } from "../../api/schemas.ts";
import type { DataDiskService, KnownDisk } from "../../../orchestrator/index.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { requireCaller } from "../guard/caller.ts";
import { hasPower, requirePower } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";

/** People's data disks. */
export function routeDisks(api: FastifyInstance, proxy: Proxy, disks: DataDiskService): void {
  api.get("/disks", async (request): Promise<Disk[]> => {
    const caller = requireCaller(request);
    const seesAll = hasPower(caller, "oversee");
    const all = await disks.list();
    const visible = seesAll ? all : all.filter(({ copy }) => copy.owner === caller.name);
    return visible.map((one) => serializeDisk(one, seesAll));
  });

  api.delete("/disks/:owner/:name", async (request, reply) => {
    const ref = parseOwnDisk(request);
    await disks.remove(ref);
    const diskName = `${ref.owner}/${ref.name}`;
    proxy.audit({ action: "disk.remove", outcome: "success", ...auditActor(request), diskName });
    return reply.code(204).send();
  });

  api.post("/disks/:owner/:name/move", async (request, reply) => {
    requirePower(request, "operate");
    const { host } = parseInput(diskMoveRequest, request.body);
    await disks.move(parseInput(diskRef, request.params), host, auditActor(request));
    return reply.code(202).send();
  });
}

/** Another person's disk is reported as unknown. */
function parseOwnDisk(request: FastifyRequest): DiskRef {
  const caller = requireCaller(request);
  const ref = parseInput(diskRef, request.params);
  if (ref.owner !== caller.name && !hasPower(caller, "operate")) throw refuse("DISK_UNKNOWN");
  return ref;
}

function serializeDisk({ host, copy }: KnownDisk, withHost: boolean): Disk {
  const { owner, name, sizeGb, bytes, usedAt, state, machine } = copy;
  return {
    owner,
    name,
    sizeGb,
    bytes,
    usedAt,
    machine: machine ?? null,
    state: state === "leaving" || state === "left" ? "travelling" : "here",
    host: withHost ? host.name : null,
  };
}
