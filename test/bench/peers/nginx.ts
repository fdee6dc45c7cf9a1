import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { findFreePort } from "../../support/free-port.ts";
import { isPortOpen } from "../../support/is-port-open.ts";
import { startProcess } from "../../support/test-process.ts";
import { findProgram, requireProgram } from "./installed-programs.ts";
import type { Peer, PeerContext, Target } from "./peer.ts";

/** Debian has it in a package of its own; other builds have it inside. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const BUILT_IN_STREAM = /--with-stream(\s|$)/;

/** Two instances of the stream module with TLS between them. */
export const nginx: Peer = {
  name: "nginx",
  targets: ["nginx", "nginx-tls"],
  findMissing: () => {
    const program = findProgram("nginx");
    return program !== undefined && (existsSync(STREAM_MODULE) || hasStreamInside(program))
      ? undefined
      : "apt-get install nginx-light libnginx-mod-stream";
  },
  start: startNginx,
};

function hasStreamInside(program: string): boolean {
  // It writes its options to standard error.
  const words = execFileSync("sh", ["-c", '"$0" -V 2>&1', program], { encoding: "utf8" });
  return BUILT_IN_STREAM.test(words);
}

async function startNginx({ cleanup, certificate, vncPort }: PeerContext): Promise<Target[]> {
  const folder = await cleanup.makeFolder();
  const [plain, secure, middle] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const identity = `ssl_certificate ${certificate.cert}; ssl_certificate_key ${certificate.key};`;
  const onward = `proxy_pass 127.0.0.1:${middle}; proxy_ssl on;`;
  const run = async (name: string, servers: readonly string[], ports: readonly number[]): Promise<number> => {
    const file = path.join(folder, `${name}.conf`);
    await writeFile(file, configure(path.join(folder, name), servers));
    const args = ["-c", file, "-p", folder, "-e", path.join(folder, `${name}.log`)];
    const started = startProcess(cleanup, requireProgram("nginx"), args);
    for (const port of ports) await started.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
    return started.pid;
  };
  const back = await run(
    "back",
    [`listen 127.0.0.1:${middle} ssl; ${identity} proxy_pass 127.0.0.1:${vncPort};`],
    [middle],
  );
  const front = await run(
    "front",
    [`listen 127.0.0.1:${plain}; ${onward}`, `listen 127.0.0.1:${secure} ssl; ${identity} ${onward}`],
    [plain, secure],
  );
  const pids = [front, back];
  return [
    {
      name: "nginx",
      title: "nginx two-hop, plain viewer",
      reference: "haproxy",
      route: { kind: "rfb", address: { port: plain } },
      pids,
    },
    {
      name: "nginx-tls",
      title: "nginx two-hop, TLS viewer",
      reference: "haproxy-tls",
      route: { kind: "rfb", address: { port: secure, secure: true } },
      pids,
    },
  ];
}

/** @param base of the names of its own files */
function configure(base: string, servers: readonly string[]): string {
  return `${existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : ""}
daemon off;
master_process off;
pid ${base}.pid;
error_log ${base}.log;
events { worker_connections 4000; }
stream {
  proxy_buffer_size 64k;
  tcp_nodelay on;
  proxy_timeout 1h;
${servers.map((server) => `  server { ${server} }`).join("\n")}
}
`;
}
