import type { FastifyInstance } from "fastify";
import type { Proxy } from "../../../proxy/index.ts";
import type { Authority, Service } from "../../api/schemas.ts";
import { requireCaller } from "../guard/caller.ts";
import { hasPower } from "../guard/powers.ts";
import type { HealthCheck } from "../view/health.ts";

export function routeService(api: FastifyInstance, proxy: Proxy, joinCommand: string | null): void {
  api.get("/service", (request): Service => {
    const caller = requireCaller(request);
    const { web, rfb } = proxy.advertised;
    // It has paths of the server.
    const command = hasPower(caller, "administer") ? joinCommand : null;
    const { fingerprint, viewerFingerprint } = proxy;
    return { fingerprint, web, rfb, viewerFingerprint, joinCommand: command };
  });
}

/** For monitoring: 200 while the database can be read, 503 otherwise. */
export function routeHealth(app: FastifyInstance, health: HealthCheck): void {
  app.get("/healthz", { config: { open: true } }, async (_request, reply) => {
    const healthy = await health.isHealthy();
    return reply.code(healthy ? 200 : 503).send({ status: healthy ? "ok" : "unavailable" });
  });
}

/** The CA certificate, for VNC viewers that check certificates. It is not secret. */
export function routeAuthority(api: FastifyInstance, proxy: Proxy): void {
  api.get("/ca", { config: { open: true } }, (): Authority => {
    const { certificate, fingerprint } = proxy.authority;
    return { certificate, fingerprint };
  });
}

export function routeAuthorityFile(app: FastifyInstance, proxy: Proxy): void {
  app.get("/ca.pem", (_request, reply) =>
    reply
      .type("application/x-pem-file")
      .header("content-disposition", 'attachment; filename="postern-ca.pem"')
      .header("cache-control", "no-cache")
      .send(proxy.authority.certificate),
  );
}
