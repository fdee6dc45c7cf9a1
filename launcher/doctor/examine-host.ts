import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../protocol/index.ts";
import { machinePaths } from "../model/machine-paths.ts";
import type { Finding } from "../model/finding.ts";
import { readGpuReadiness } from "../gpu/gpu-readiness.ts";
import type { GpuPolicy } from "../gpu/gpu-policy.ts";
import { probeNetwork } from "../network/probe-network.ts";
import type { SysTree } from "../system/sys-tree.ts";
import { tryAppliance } from "../scripts/customize/try-appliance.ts";
import { collectAccelFacts } from "./accel.ts";
import { collectAccountFacts } from "./account.ts";
import { collectCapacityFacts } from "./capacity.ts";
import { collectCertificateFacts } from "./certificate.ts";
import { collectClockFacts } from "./time-sync.ts";
import { judgeHostFacts, type DoctorFacts } from "./judge-host-facts.ts";
import { collectPortFacts, type PortQuestion } from "./port.ts";
import { collectProgramFacts } from "./programs.ts";

export interface ExamineOptions {
  readonly tree: SysTree;
  readonly clock: Clock;
  readonly searchPath: string;
  /** The machines' state folder. */
  readonly stateDir: string;
  /** The launcher's own folders above it. */
  readonly ownFolders: readonly string[];
  /** The folder of their sockets. */
  readonly runtimeDir: string;
  /** `--vm-user`; null: the default account. */
  readonly vmUser: string | null;
  readonly gpu: GpuPolicy;
  readonly ports: readonly PortQuestion[];
  /** The server of a data folder that was given; null: none. */
  readonly server: { readonly pid: number | null; readonly adminSocket: string } | null;
}

/** Examines everything that machines and a server need on this host. Changes nothing. */
export async function examineHost(options: ExamineOptions): Promise<Finding[]> {
  return judgeHostFacts(await collectFacts(options));
}

async function collectFacts(options: ExamineOptions): Promise<DoctorFacts> {
  const { tree, clock, stateDir, server, ports } = options;
  const scratchDir = await mkdtemp(join(tmpdir(), "postern-doctor-"));
  try {
    const { qemu, qemuImg, virtCustomize, facts, tools } = await collectProgramFacts(options.searchPath);
    const [first] = ports;
    const account = collectAccountFacts(options, qemu);
    const accel = await collectAccelFacts(tree, qemu, { scratchDir, clock });
    const appliance =
      virtCustomize === null || qemuImg === null || account.runAs === null
        ? null
        : await tryAppliance({
            ...{ virtCustomize, qemuImg, scratchDir, environment: process.env, runAs: account.runAs },
            accel: accel.result?.accel ?? "tcg",
          });
    return {
      node: { version: process.version, isBundled: process.execPath.includes("/bin/runtime/node_modules/") },
      qemu: facts,
      tools: { ...tools, appliance },
      account,
      accel,
      capacity: await collectCapacityFacts(stateDir),
      gpu: await readGpuReadiness(tree, options.gpu, process.getuid?.() === 0),
      network: await probeNetwork(options.searchPath),
      ports: await Promise.all(ports.map((port) => collectPortFacts(port, server?.pid ?? null))),
      certificate:
        server === null || first === undefined ? null : await collectCertificateFacts(first.host, first.port),
      clock: await collectClockFacts(clock),
      sockets: listSockets(options),
    };
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

function listSockets({ stateDir, runtimeDir, server }: ExamineOptions): DoctorFacts["sockets"] {
  const { vncSocket } = machinePaths(stateDir, runtimeDir, "x");
  const machine = { path: vncSocket, remedy: "Set POSTERN_RUNTIME_DIR to a shorter folder." };
  return server === null
    ? [machine]
    : [machine, { path: server.adminSocket, remedy: "Choose a shorter folder for the server's data." }];
}
