import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import type { Service } from "../../api/schemas.ts";
import { requireCaller } from "../guard/caller.ts";

export function routeService(api: FastifyInstance, proxy: Proxy): void {
  api.get("/service", (request): Service => {
    requireCaller(request);
    const { web, rfb } = proxy.advertised;
    return { fingerprint: proxy.fingerprint, web, rfb };
  });
}

/** For whatever watches the service: 200 while the state can be read, 503 otherwise. */
export function routeHealth(app: FastifyInstance, proxy: Proxy): void {
  app.get("/healthz", { config: { open: true } }, async (_request, reply) => {
    const healthy = await proxy.stores.users.count().then(
      () => true,
      () => false,
    );
    return reply.code(healthy ? 200 : 503).send({ status: healthy ? "ok" : "unavailable" });
  });
}
