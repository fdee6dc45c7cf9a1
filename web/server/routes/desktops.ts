import type { FastifyInstance } from "fastify";
import type { Desktop } from "../../api/schemas.ts";
import { requireCaller } from "../guard/caller.ts";
import { maySeeDesktop, shapeDesktop } from "../view/shapes.ts";
import type { Snapshot } from "../view/snapshot.ts";

export function routeDesktops(api: FastifyInstance, takeSnapshot: () => Promise<Snapshot>): void {
  api.get("/desktops", async (request): Promise<Desktop[]> => {
    const caller = requireCaller(request);
    const snapshot = await takeSnapshot();
    return [...snapshot.desktops.values()]
      .filter((desktop) => maySeeDesktop(caller, desktop, snapshot))
      .map((desktop) => shapeDesktop(caller, desktop, snapshot));
  });
}
