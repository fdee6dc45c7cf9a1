import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Logger } from "pino";
import {
  startAgent,
  type RunningAgent,
  type AgentOptions,
  type PublishedDesktop,
} from "../../agent/index.ts";
import {
  handleHostRequest,
  openLauncher,
  startDemoDesktop,
  type AccelChoice,
  type GpuPolicy,
  type HostLimits,
  type MachineDisplay,
  type NetworkOptions,
  type ScriptPolicy,
} from "../../launcher/index.ts";
import { type MachineStatus, systemClock } from "../../protocol/index.ts";
import { openDataDir, openRuntimeDir } from "./data-dirs.ts";

export type DemoChoice = "auto" | "always" | "never";

export interface HostOptions {
  readonly agent: Omit<AgentOptions, "role" | "onRequest" | "log" | "clock">;
  readonly catalogueFile: string | null;
  readonly imagesDir: string;
  readonly stateDir: string;
  readonly accel: AccelChoice;
  readonly stopGraceMs: number;
  readonly limits: HostLimits;
  readonly allowedShares: readonly string[];
  readonly allowQemuArgs: boolean;
  readonly networks: NetworkOptions;
  readonly vmUser: string | null;
  readonly gpu: GpuPolicy;
  readonly bootScripts: ScriptPolicy | undefined;
  readonly demo: DemoChoice;
}

export interface RunningHost {
  readonly ready: Promise<void>;
  readonly stopped: Promise<Error | null>;
  close(): Promise<void>;
}

const DEMO_NAME = "demo";

/**
 * Connects launcher and agent: publishes the displays of running machines, and reports changes of state. When this fails,
 * nothing stays open.
 */
export async function startHost(options: HostOptions, log: Logger): Promise<RunningHost> {
  await using opened = new AsyncDisposableStack();
  const stateDir = await openDataDir(options.stateDir);
  const runtimeDir = await openRuntimeDir(stateDir);
  const { catalogueFile, imagesDir, accel, stopGraceMs, limits, allowedShares } = options;
  const { allowQemuArgs, networks, vmUser, gpu, bootScripts } = options;
  const launcher = await openLauncher({
    catalogueFile,
    imagesDir: await openDataDir(imagesDir),
    stateDir,
    runtimeDir,
    accel,
    stopGraceMs,
    limits,
    allowedShares,
    allowQemuArgs,
    networks,
    vmUser,
    traversableFolders: [options.agent.dataDir, dirname(runtimeDir)],
    gpu,
    ...(bootScripts !== undefined && { bootScripts }),
    log: log.child({ part: "launcher" }),
    clock: systemClock,
  });
  opened.defer(() => launcher.close());
  const withDemo = options.demo === "always" || (options.demo === "auto" && !hasQemu());
  const demoSocket = join(runtimeDir, "demo.sock");
  const demo = withDemo
    ? await startDemoDesktop({ socketPath: demoSocket, log: log.child({ part: "demo" }), clock: systemClock })
    : null;
  opened.defer(() => demo?.close());
  const desktops: PublishedDesktop[] = [
    ...options.agent.desktops,
    ...launcher.displays().map(({ machine, display }) => toDesktop(machine, display)),
  ];
  if (demo) desktops.push({ name: DEMO_NAME, endpoint: { kind: "unix", path: demoSocket } });
  const agent: RunningAgent = startAgent({
    ...options.agent,
    desktops,
    role: "host",
    onRequest: (method, params) => handleHostRequest(launcher, method, params),
    log: log.child({ part: "agent" }),
    clock: systemClock,
  });
  opened.defer(() => agent.close());
  launcher.on("state", (machine) => {
    agent.emit("machine.state", machine);
  });
  launcher.on("images", () => {
    agent.emit("image.changed", {});
  });
  launcher.on("removed", ({ id }) => {
    agent.emit("machine.removed", { id });
  });
  launcher.on("display", ({ machine, display }) => {
    agent.publish(toDesktop(machine, display));
  });
  launcher.on("displayGone", ({ display }) => {
    agent.withdraw(display.name);
  });
  agent.onConnect(() => {
    for (const machine of launcher.machines()) agent.emit("machine.state", machine);
  });
  const open = opened.move();
  return { ready: agent.ready, stopped: agent.stopped, close: () => open.disposeAsync() };
}

function toDesktop(
  machine: MachineStatus,
  { name, socketPath, vncPassword }: MachineDisplay,
): PublishedDesktop {
  return {
    name,
    machineId: machine.id,
    endpoint: { kind: "unix", path: socketPath },
    ...(vncPassword === undefined ? {} : { vncPassword }),
  };
}

/** Whether QEMU is installed. */
export function hasQemu(): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, "qemu-system-x86_64")));
}
