import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import { profileQuery, shownDesktops, type Desktop } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";
import { auditActor } from "../guard/actor.ts";
import { requireCaller } from "../guard/caller.ts";
import { requirePower } from "../guard/powers.ts";
import { parseId, parseInput } from "../guard/parse-input.ts";
import { nameFile, writeProfile } from "../profiles/viewer-profile.ts";
import { isDesktopOf } from "../../../orchestrator/index.ts";
import { desktopAccess, mayUseDesktop, viewerOf, visibleScope } from "../view/permissions.ts";
import { serializeDesktop } from "../view/serializers.ts";
import type { LoadReadModel } from "../view/read-model.ts";

/** A page that shows the desktops of more agents than these does not make a viewer of any one likely. */
const MAX_AGENTS_EXPECTED = 16;

export function routeDesktops(
  api: FastifyInstance,
  proxy: Pick<Proxy, "advertised" | "audit" | "expectViewer" | "removeDesktop" | "rights">,
  loadReadModel: LoadReadModel,
): void {
  api.get("/desktops", async (request): Promise<Desktop[]> => {
    const viewer = await viewerOf(proxy.rights, requireCaller(request));
    const model = await loadReadModel(visibleScope(viewer));
    return [...model.desktops.values()].flatMap((desktop) => {
      const access = desktopAccess(viewer, desktop, model);
      return access === null ? [] : serializeDesktop({ ...viewer, access }, desktop, model);
    });
  });

  api.post("/desktops/shown", async (request, reply) => {
    const viewer = await viewerOf(proxy.rights, requireCaller(request));
    const { desktops } = parseInput(shownDesktops, request.body);
    const model = await loadReadModel({ kind: "named", desktopIds: desktops });
    const visible = desktops
      .flatMap((id) => model.desktops.get(id) ?? [])
      .filter((desktop) => desktop.state === "online" && mayUseDesktop(viewer, desktop, model, "view"));
    const agents = [...new Set(visible.map(({ agentId }) => agentId))];
    for (const agentId of agents.slice(0, MAX_AGENTS_EXPECTED)) proxy.expectViewer(agentId);
    return reply.code(204).send();
  });

  api.delete("/desktops/:id", async (request, reply) => {
    requirePower(request, "operate");
    const id = parseId(request);
    const model = await loadReadModel({ kind: "named", desktopIds: [id] });
    const desktop = model.desktops.get(id);
    if (desktop === undefined) throw refuse("DESKTOP_UNKNOWN");
    const machine = desktop.machineId === null ? undefined : model.machines.get(desktop.machineId);
    const isScreen = machine !== undefined && isDesktopOf(desktop, machine);
    if (isScreen || !(await proxy.removeDesktop(id))) throw refuse("DESKTOP_IN_USE");
    const { name: desktopName, agentId } = desktop;
    const about = { desktopId: id, desktopName, agentId };
    proxy.audit({ action: "desktop.remove", outcome: "success", ...about, ...auditActor(request) });
    return reply.code(204).send();
  });

  api.get("/desktops/:id/profile", async (request, reply): Promise<string> => {
    const viewer = await viewerOf(proxy.rights, requireCaller(request));
    const id = parseId(request);
    const { format } = parseInput(profileQuery, request.query);
    const model = await loadReadModel({ kind: "named", desktopIds: [id] });
    const desktop = model.desktops.get(id);
    if (desktop === undefined || !mayUseDesktop(viewer, desktop, model, "view"))
      throw refuse("DESKTOP_UNKNOWN");
    const { rfb } = proxy.advertised;
    if (rfb === null) throw refuse("VIEWERS_OFF");
    const { body, contentType, extension } = writeProfile(format, rfb);
    void reply.type(contentType);
    if (extension !== null) void reply.header("content-disposition", nameFile(desktop.name, extension));
    return body;
  });
}
