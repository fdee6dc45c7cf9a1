import { writeFile } from "node:fs/promises";
import path from "node:path";
import { findFreePort } from "./free-port.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { isPortOpen } from "./is-port-open.ts";
import { startProcess, type TestProcess } from "./test-process.ts";

export interface TinyproxySettings {
  readonly address: string;
  readonly login?: { readonly user: string; readonly password: string };
  /** Ports that CONNECT may name; absent: all. */
  readonly connectPorts?: readonly number[];
}

export interface Tinyproxy {
  readonly port: number;
  /** Its log: one line for each request. */
  readonly program: TestProcess;
}

/** Starts Debian's tinyproxy, a real HTTP proxy. */
export async function startTinyproxy(cleanup: CleanupStack, settings: TinyproxySettings): Promise<Tinyproxy> {
  const { address, login, connectPorts = [] } = settings;
  const folder = await cleanup.makeFolder();
  const port = await findFreePort();
  const lines = [
    `Port ${port}`,
    `Listen ${address}`,
    "Timeout 600",
    "LogLevel Connect",
    ...(login ? [`BasicAuth ${login.user} ${login.password}`] : []),
    ...connectPorts.map((allowed) => `ConnectPort ${allowed}`),
  ];
  const config = path.join(folder, "tinyproxy.conf");
  await writeFile(config, `${lines.join("\n")}\n`);
  const program = startProcess(cleanup, "tinyproxy", ["-d", "-c", config]);
  await program.waitUntil("its port", () => isPortOpen(address, port));
  return { port, program };
}
