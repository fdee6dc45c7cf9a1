import { findFreePort } from "../../support/free-port.ts";
import { isPortOpen } from "../../support/is-port-open.ts";
import { startProcess } from "../../support/test-process.ts";
import { findProgram, requireProgram } from "./installed-programs.ts";
import type { Peer, PeerContext, Target } from "./peer.ts";

/** One process from the browser's WebSocket to the VNC server: no agent and no second hop. */
export const websockify: Peer = {
  name: "websockify",
  targets: ["websockify"],
  findMissing: () => (findProgram("websockify") === undefined ? "apt-get install websockify" : undefined),
  start: startWebsockify,
};

async function startWebsockify({ cleanup, certificate, vncPort }: PeerContext): Promise<Target[]> {
  const port = await findFreePort();
  const identity = [`--cert=${certificate.cert}`, `--key=${certificate.key}`, "--ssl-only"];
  const ends = [`127.0.0.1:${port}`, `127.0.0.1:${vncPort}`];
  const started = startProcess(cleanup, requireProgram("websockify"), [...identity, ...ends]);
  await started.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
  return [
    {
      name: "websockify",
      title: "websockify, wss, one hop",
      reference: "haproxy-tls",
      route: { kind: "rfb", address: { port, secure: true, webSocketPath: "/websockify" } },
      pids: [started.pid],
    },
  ];
}
