import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../protocol/index.ts";
import { machinePaths } from "../model/machine-paths.ts";
import type { Finding } from "../model/finding.ts";
import { readGpuReadiness } from "../gpu/gpu-readiness.ts";
import type { GpuPolicy } from "../gpu/gpu-policy.ts";
import type { SysTree } from "../system/sys-tree.ts";
import { probeNetwork } from "../network/probe-network.ts";
import type { DoctorFacts } from "./doctor-facts.ts";
import { judgeHostFacts } from "./judge-host-facts.ts";
import { collectAccelFacts } from "./collect/accel-facts.ts";
import { collectCertificateFacts } from "./collect/certificate-facts.ts";
import { collectClockFacts } from "./collect/clock-facts.ts";
import { collectPortFacts, type PortQuestion } from "./collect/port-facts.ts";
import { collectProgramFacts } from "./collect/program-facts.ts";
import { collectCapacityFacts } from "./collect/capacity-facts.ts";

export interface ExamineOptions {
  readonly tree: SysTree;
  readonly clock: Clock;
  readonly searchPath: string;
  /** Where machines live. */
  readonly stateDir: string;
  /** Where their sockets are. */
  readonly runtimeDir: string;
  readonly gpu: GpuPolicy;
  readonly ports: readonly PortQuestion[];
  /** The server whose data folder was named; null: none. */
  readonly server: { readonly pid: number | null; readonly adminSocket: string } | null;
}

/** Looks at everything that machines and a server need here. Nothing is changed. */
export async function examineHost(options: ExamineOptions): Promise<Finding[]> {
  return judgeHostFacts(await collectFacts(options));
}

async function collectFacts(options: ExamineOptions): Promise<DoctorFacts> {
  const { tree, clock, stateDir, server, ports } = options;
  const scratchDir = await mkdtemp(join(tmpdir(), "postern-doctor-"));
  try {
    const { qemu, facts, tools } = await collectProgramFacts(options.searchPath);
    const [first] = ports;
    return {
      node: { version: process.version, isBundled: process.execPath.includes("/bin/runtime/node_modules/") },
      qemu: facts,
      tools,
      accel: await collectAccelFacts(tree, qemu, scratchDir, clock),
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
