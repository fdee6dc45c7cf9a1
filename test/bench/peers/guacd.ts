import { findFreePort } from "../../support/free-port.ts";
import { isPortOpen } from "../../support/is-port-open.ts";
import { startProcess } from "../../support/test-process.ts";
import { findProgram, requireProgram } from "./installed-programs.ts";
import type { Peer, PeerContext, Target } from "./peer.ts";

/**
 * Guacamole's daemon, which is the VNC viewer itself and sends pictures of its own making. The web application that
 * stands between it and the browser is not counted.
 */
export const guacd: Peer = {
  name: "guacd",
  targets: ["guacd"],
  findMissing: () =>
    findProgram("guacd") === undefined
      ? "apt-get install guacd libguac-client-vnc0 (Debian 11; 12 and 13 have no such package)"
      : undefined,
  start: startGuacd,
};

async function startGuacd({ cleanup, vncPort }: PeerContext): Promise<Target[]> {
  const port = await findFreePort();
  const args = ["-f", "-b", "127.0.0.1", "-l", String(port), "-L", "error"];
  const started = startProcess(cleanup, requireProgram("guacd"), args);
  await started.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
  return [
    {
      name: "guacd",
      title: "guacd, without its web application",
      reference: "haproxy",
      route: { kind: "guacamole", address: { port, vncPort } },
      pids: [started.pid],
    },
  ];
}
