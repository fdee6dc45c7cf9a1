import { bracketHost } from "../../../protocol/index.ts";
import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";
import type { HostPort } from "../../../proxy/index.ts";

/**
 * Security headers for every answer. No HSTS: with a self-made certificate it would take away a browser's
 * "go on anyway", and with it the only way in.
 * @param advertised where the pages open their WebSocket; asked per answer, since port 0 is known late
 */
export async function sendSecurityHeaders(app: FastifyInstance, advertised: () => HostPort): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        // noVNC draws JPEG rectangles and cursors from data URLs.
        imgSrc: ["'self'", "data:", "blob:"],
        connectSrc: ["'self'", () => webSocketOrigin(advertised())],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: "no-referrer" },
    strictTransportSecurity: false,
    xFrameOptions: { action: "deny" },
  });
}

function webSocketOrigin({ host, port }: HostPort): string {
  const name = bracketHost(host);
  return port === 443 ? `wss://${name}` : `wss://${name}:${port}`;
}
