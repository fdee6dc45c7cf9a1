import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeNetworkNamespace, type NetworkNamespace } from "../network-namespace.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import { runProcess } from "../test-process.ts";

/** A computer of its own as far as its network and its name go. */
export interface TestComputer extends NetworkNamespace {
  /** What it is called and who works at it. */
  readonly hostName: string;
  readonly userName: string;
  /** Its own address. */
  readonly ownAddress: string;
  /** Goes before a command that is to run there, under that name. */
  readonly commandPrefix: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Makes it reach `server` from this address from now on. */
  move(own: string, server: string): Promise<void>;
  /** A file that starts this program there, for those who want one file. */
  writeWrapperScript(program: string): Promise<string>;
}

const UNDER_NAME = 'hostname "$0" && exec "$@"';

export async function makeTestComputer(
  cleanup: CleanupStack,
  hostName: string,
  userName: string,
): Promise<TestComputer> {
  const namespace = await makeNetworkNamespace(cleanup);
  const [name, cable] = [namespace.via.at(-1)!, `${namespace.via.at(-1)!}a`];
  const as = [...namespace.via, "unshare", "--uts", "sh", "-c", UNDER_NAME, hostName];
  let own = namespace.address.replace(/1$/, "2");
  return {
    ...namespace,
    hostName,
    userName,
    get ownAddress() {
      return own;
    },
    commandPrefix: as,
    env: { USER: userName, LOGNAME: userName },
    move: async (address, server) => {
      await runIp("-n", name, "addr", "replace", `${address}/32`, "dev", "eth0");
      await runIp("-n", name, "route", "replace", `${server}/32`, "via", namespace.address, "src", address);
      await runIp("route", "replace", `${address}/32`, "dev", cable);
      own = address;
    },
    writeWrapperScript: async (program) => {
      const file = path.join(await cleanup.makeFolder(), path.basename(program));
      const words = [...as, program].map((word) => `'${word}'`).join(" ");
      await writeFile(file, `#!/bin/sh\nexport USER=${userName} LOGNAME=${userName}\nexec ${words} "$@"\n`);
      await chmod(file, 0o755);
      return file;
    },
  };
}

async function runIp(...args: string[]): Promise<void> {
  const { code, stderr } = await runProcess("ip", args);
  if (code !== 0) throw new Error(`ip ${args.join(" ")} failed: ${stderr}`);
}
