import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import { repeaterRequestBody, type RepeaterNumber } from "../../api/schemas.ts";
import { auditActor } from "../guard/actor.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { requirePower } from "../guard/powers.ts";
import { parseInput } from "../guard/parse-input.ts";
import { findNamedDesktops, resolveDesktop } from "../view/resolve-desktop.ts";
import { viewerOf } from "../view/permissions.ts";
import type { LoadReadModel } from "../view/read-model.ts";

/** Ids of UltraVNC's repeater protocol, for viewers and servers; for those who operate the server. */
export function routeRepeater(api: FastifyInstance, proxy: Proxy, loadReadModel: LoadReadModel): void {
  api.post("/repeater-ids", async (request, reply): Promise<RepeaterNumber> => {
    const caller = requirePower(request, "operate");
    const wanted = parseInput(repeaterRequestBody, request.body);
    const entry = { action: "repeater.create", outcome: "success", ...auditActor(request) } as const;
    void reply.code(201);
    if ("server" in wanted) {
      const { server, ttlSeconds } = wanted;
      return auditAhead(proxy, { ...entry, reason: "SERVER" }, () =>
        proxy.createServerRepeaterId(server, ttlSeconds),
      );
    }
    const viewer = await viewerOf(proxy.rights, caller);
    const named = await findNamedDesktops(proxy.stores.desktops, loadReadModel, wanted.desktop);
    const desktop = resolveDesktop(viewer, wanted.desktop, named, "control");
    const line = { ...entry, reason: "VIEWER", desktopId: desktop.id, desktopName: desktop.name };
    return auditAhead(proxy, line, () =>
      proxy.createViewerRepeaterId(desktop, wanted.ttlSeconds, wanted.short),
    );
  });
}
