import { writeFile } from "node:fs/promises";
import path from "node:path";
import { findFreePort } from "../../support/free-port.ts";
import { isPortOpen } from "../../support/is-port-open.ts";
import { startProcess } from "../../support/test-process.ts";
import { findProgram, requireProgram } from "./installed-programs.ts";
import type { Peer, PeerContext, Target } from "./peer.ts";

const COMMON = `global
 maxconn 4000
defaults
 mode tcp
 timeout connect 5s
 timeout client 1h
 timeout server 1h
`;

/** Two processes with TLS between them, as Postern's server and agent are. */
export const haproxy: Peer = {
  name: "haproxy",
  targets: ["haproxy", "haproxy-tls"],
  findMissing: () => (findProgram("haproxy") === undefined ? "apt-get install haproxy" : undefined),
  start: startHaproxy,
};

async function startHaproxy({ cleanup, certificate, vncPort }: PeerContext): Promise<Target[]> {
  const folder = await cleanup.makeFolder();
  const pem = path.join(folder, "both.pem");
  const { cert, key } = await certificate.read();
  await writeFile(pem, `${cert}${key}`);
  const [plain, secure, middle] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const listen = (name: string, bind: string, server: string): string =>
    `listen ${name}\n bind 127.0.0.1:${bind}\n server s 127.0.0.1:${server}\n`;
  const run = async (name: string, configuration: string, ports: readonly number[]): Promise<number> => {
    const file = path.join(folder, `${name}.cfg`);
    await writeFile(file, COMMON + configuration);
    const started = startProcess(cleanup, requireProgram("haproxy"), ["-db", "-f", file]);
    for (const port of ports) await started.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
    return started.pid;
  };
  const onward = `${middle} ssl verify none`;
  const back = await run("back", listen("back", `${middle} ssl crt ${pem}`, String(vncPort)), [middle]);
  const front = await run(
    "front",
    listen("plain", String(plain), onward) + listen("secure", `${secure} ssl crt ${pem}`, onward),
    [plain, secure],
  );
  const pids = [front, back];
  return [
    {
      name: "haproxy",
      title: "haproxy two-hop, plain viewer",
      reference: "haproxy",
      route: { kind: "rfb", address: { port: plain } },
      pids,
    },
    {
      name: "haproxy-tls",
      title: "haproxy two-hop, TLS viewer",
      reference: "haproxy-tls",
      route: { kind: "rfb", address: { port: secure, secure: true } },
      pids,
    },
  ];
}
