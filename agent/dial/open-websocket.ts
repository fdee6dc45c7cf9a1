import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { WebSocket } from "ws";
import {
  MIP2_WEBSOCKET_PATH,
  MIP2_WEBSOCKET_PROTOCOL,
  PeerClosed,
  type Clock,
  WebSocketStream,
  formatHostPort,
  type HostPort,
} from "../../protocol/index.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import { explainDialError } from "./dial-error.ts";
import { abortReason } from "./with-deadline.ts";

/**
 * A byte stream in a WebSocket, for networks that pass only HTTPS. The peer of this outer TLS is not trusted:
 * the agent's own TLS runs inside.
 * @param socket TCP to the server; destroyed when this fails
 * @throws PeerClosed `DIAL_WEBSOCKET` and `DIAL_*`, the signal's reason
 */
export async function openWebSocket(
  socket: Socket,
  server: HostPort,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Duplex> {
  const outer = tls.connect({
    socket,
    host: server.host,
    ...(isIP(server.host) === 0 ? { servername: server.host } : {}),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: false,
  });
  const webSocket = new WebSocket(
    `wss://${formatHostPort(server)}${MIP2_WEBSOCKET_PATH}`,
    [MIP2_WEBSOCKET_PROTOCOL],
    {
      createConnection: () => outer,
      perMessageDeflate: false,
      maxPayload: AGENT_LIMITS.webSocketMessageBytes,
      followRedirects: false,
    },
  );
  return await new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      webSocket.terminate();
      outer.destroy();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => {
      fail(abortReason(signal));
    };
    // The three listeners stay for the connection's lifetime. Only the first failure has an effect.
    outer.on("error", (error) => {
      fail(explainDialError(error, formatHostPort(server)));
    });
    webSocket.on("error", (error) => {
      fail(noWebSocket(server, error.message));
    });
    webSocket.on("unexpected-response", (_request, response) => {
      fail(noWebSocket(server, `it answers ${response.statusCode ?? "nothing"}`));
    });
    webSocket.once("open", () => {
      settle();
      if (webSocket.protocol === MIP2_WEBSOCKET_PROTOCOL)
        resolve(
          new WebSocketStream(webSocket, {
            text: "destroy",
            ping: { clock, everyMs: AGENT_LIMITS.webSocketPingMs },
          }),
        );
      else fail(noWebSocket(server, "it does not agree to the sub-protocol"));
    });
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

function noWebSocket(server: HostPort, detail: string): PeerClosed {
  const sentence = `${formatHostPort(server)} opens no WebSocket for agents. A reverse proxy has to pass upgrades of ${MIP2_WEBSOCKET_PATH} on to the Postern server.`;
  return new PeerClosed("DIAL_WEBSOCKET", `${sentence} (${detail})`, { safeMessage: sentence });
}
