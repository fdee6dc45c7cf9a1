import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import { repeaterRequestBody, type RepeaterNumber } from "../../api/schemas.ts";
import { requestSource } from "../guard/actor.ts";
import { requireAdmin } from "../guard/caller.ts";
import { parseInput } from "../guard/parse-input.ts";
import { resolveDesktop } from "../view/resolve-desktop.ts";
import type { ReadModel } from "../view/read-model.ts";

/** Numbers for UltraVNC's repeater protocol: administrators make them, for both sides. */
export function routeRepeater(
  api: FastifyInstance,
  proxy: Proxy,
  takeSnapshot: () => Promise<ReadModel>,
): void {
  api.post("/repeater-ids", async (request, reply): Promise<RepeaterNumber> => {
    const caller = requireAdmin(request);
    const asked = parseInput(repeaterRequestBody, request.body);
    const source = requestSource(request);
    const entry = { outcome: "success", actor: caller.userId, ...(source && { source }) } as const;
    void reply.code(201);
    if ("server" in asked) {
      const made = await proxy.createServerRepeaterId(asked.server, asked.ttlSeconds);
      proxy.audit({ action: "repeater.create", reason: "SERVER", ...entry });
      return made;
    }
    const [named, snapshot] = await Promise.all([
      proxy.stores.desktops.findByName(asked.desktop),
      takeSnapshot(),
    ]);
    const desktop = resolveDesktop(caller, asked.desktop, named, snapshot);
    const made = await proxy.createViewerRepeaterId(desktop, asked.ttlSeconds);
    proxy.audit({ action: "repeater.create", reason: "VIEWER", desktopId: desktop.id, ...entry });
    return made;
  });
}
