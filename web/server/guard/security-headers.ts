import { bracketHost } from "../../../protocol/index.ts";
import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";
import type { HostPort } from "../../../proxy/index.ts";

/**
 * Security headers for every answer. No HSTS: with a self-signed certificate, browsers would no longer offer to proceed.
 * @param advertised where the pages open their WebSocket; called for each answer, since port 0 is resolved late
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
