import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import { repeaterRequestBody, type RepeaterNumber } from "../../api/schemas.ts";
import { requestSource } from "../guard/actor.ts";
import { requireAdmin } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";
import { resolveDesktop } from "../view/resolve-desktop.ts";
import type { ReadModel } from "../view/read-model.ts";

/** Ids of UltraVNC's repeater protocol, for viewers and servers; administrators only. */
export function routeRepeater(
  api: FastifyInstance,
  proxy: Proxy,
  loadReadModel: () => Promise<ReadModel>,
): void {
  api.post("/repeater-ids", async (request, reply): Promise<RepeaterNumber> => {
    const caller = requireAdmin(request);
    const wanted = parseInput(repeaterRequestBody, request.body);
    const source = requestSource(request);
    const entry = { outcome: "success", actor: caller.userId, ...(source && { source }) } as const;
    void reply.code(201);
    if ("server" in wanted) {
      const made = await proxy.createServerRepeaterId(wanted.server, wanted.ttlSeconds);
      proxy.audit({ action: "repeater.create", reason: "SERVER", ...entry });
      return made;
    }
    const [named, model] = await Promise.all([
      proxy.stores.desktops.findByName(wanted.desktop),
      loadReadModel(),
    ]);
    const desktop = resolveDesktop(caller, wanted.desktop, named, model);
    const made = await proxy.createViewerRepeaterId(desktop, wanted.ttlSeconds, wanted.short);
    proxy.audit({ action: "repeater.create", reason: "VIEWER", desktopId: desktop.id, ...entry });
    return made;
  });
}
