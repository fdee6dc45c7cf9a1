import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startAgentProgram, startServerProgram } from "../../support/postern.ts";
import type { Peer, PeerContext, Target } from "./peer.ts";

const BUILT = fileURLToPath(new URL("../../../dist/bin/main.js", import.meta.url));
const DESKTOP = "bench";
const QUIET = ["--log-level", "warn"];

/** A server and an agent, with a viewer of each kind. */
export const postern: Peer = {
  name: "postern",
  targets: ["postern", "postern-tls", "postern-wss"],
  findMissing: () => (existsSync(BUILT) ? undefined : "npm run build"),
  start: startPostern,
};

async function startPostern({ cleanup, vncPort }: PeerContext): Promise<Target[]> {
  const server = await startServerProgram(cleanup, { args: QUIET });
  const desktops = { [DESKTOP]: `tcp:127.0.0.1:${vncPort}` };
  const agent = await startAgentProgram(cleanup, server, { args: QUIET, desktops });
  const token = await server.createToken(DESKTOP, "--ttl", "1d");
  const pids = [server.process.pid, agent.process.pid];
  const secure = { port: server.listen, secure: true, token };
  return [
    {
      name: "postern",
      title: "Postern, plain viewer",
      reference: "haproxy",
      route: { kind: "rfb", address: { port: server.rfb, token } },
      pids,
    },
    {
      name: "postern-tls",
      title: "Postern, TLS viewer",
      reference: "haproxy-tls",
      route: { kind: "rfb", address: secure },
      pids,
    },
    {
      name: "postern-wss",
      title: "Postern, wss",
      reference: "haproxy-tls",
      route: { kind: "rfb", address: { ...secure, webSocketPath: "/rfb" } },
      pids,
    },
  ];
}
