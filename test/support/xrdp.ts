import { writeFile } from "node:fs/promises";
import path from "node:path";
import { findFreePort } from "./free-port.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { isPortOpen } from "./is-port-open.ts";
import { startProcess } from "./test-process.ts";

/** Debian's xrdp, as what it is in front of VNC servers: shows one of them, with its VNC password, to viewers of RDP. */
export async function startXrdp(
  cleanup: CleanupStack,
  { vncPort, password }: { readonly vncPort: number; readonly password: string },
): Promise<number> {
  const folder = await cleanup.makeFolder();
  const port = await findFreePort();
  const lines = [
    "[Globals]",
    "ini_version=1",
    `port=tcp://.:${port}`,
    "security_layer=rdp",
    "crypt_level=low",
    "autorun=vnc",
    "max_bpp=24",
    "[Logging]",
    `LogFile=${path.join(folder, "xrdp.log")}`,
    "LogLevel=INFO",
    "EnableSyslog=false",
    "[Channels]",
    "[vnc]",
    "name=vnc",
    "lib=libvnc.so",
    "ip=127.0.0.1",
    `port=${vncPort}`,
    "username=na",
    `password=${password}`,
  ];
  const config = path.join(folder, "xrdp.ini");
  await writeFile(config, `${lines.join("\n")}\n`);
  const program = startProcess(cleanup, "xrdp", ["--nodaemon", "--config", config]);
  await program.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
  return port;
}
