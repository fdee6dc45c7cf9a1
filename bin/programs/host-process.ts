import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import type { HostFlags } from "./host-flags.ts";

export interface HostProcessOptions {
  readonly dataDir: string;
  readonly proxy: string;
  readonly fingerprint: string;
  readonly joinSecret: () => Promise<string>;
  readonly flags: HostFlags & { readonly logLevel: string };
  readonly logFile: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface HostProcess {
  /** Settles once the host is connected, or after the timeout: a slow host must not stop the server. */
  waitUntilReady(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

const RESTART_DELAY_MS = 1000;
/** A host that the server has refused: only a person can help it. Each start costs a join secret and its audit line. */
const REFUSED_DELAY_MS = 60_000;
const READY_POLL_MS = 50;

/** Runs `postern host` as a separate process and restarts it when it exits. Its machines are not affected. */
export function keepHostRunning(options: HostProcessOptions): HostProcess {
  const readyFile = join(options.dataDir, "ready.json");
  let child: ChildProcess | undefined;
  let closing = false;
  let cancelRestart = (): void => undefined;

  const start = async (): Promise<void> => {
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
    await rm(readyFile, { force: true });
    // A host that has its key needs none: it must start while the audit log cannot be written, too.
    const secret = await options.joinSecret().catch((error: unknown) => {
      options.log.error({ event: "host.no-secret", err: error }, "there is no join secret for the host");
      return "";
    });
    if (closing) return;
    const started = spawn(process.execPath, [programPath(), ...hostArguments(options, readyFile)], {
      stdio: ["pipe", "ignore", "ignore"],
      env: hostEnvironment(process.env),
    });
    child = started;
    // Not by arguments or environment: both can be read as long as the process runs.
    started.stdin?.on("error", () => undefined).end(secret);
    started.on("error", (error) => {
      options.log.error({ event: "host.start_failed", err: error }, "the host could not be started");
    });
    started.on("exit", (code, signal) => {
      child = undefined;
      if (closing) return;
      options.log.warn({ event: "host.exit", code, signal }, "the host ended; starting it again");
      cancelRestart = options.clock.after(chooseRestartDelay(code), begin);
    });
  };
  const begin = (): void => {
    start().catch((error: unknown) => {
      options.log.error({ event: "host.start_failed", err: error }, "the host could not be started");
    });
  };
  begin();

  return {
    async waitUntilReady(timeoutMs) {
      const deadline = options.clock.monotonic() + timeoutMs;
      while (!closing && !existsSync(readyFile) && options.clock.monotonic() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
      }
    },
    async close() {
      closing = true;
      cancelRestart();
      const running = child;
      if (!running || running.exitCode !== null) return;
      await new Promise<void>((resolve) => {
        running.once("exit", () => {
          resolve();
        });
        running.kill("SIGTERM");
      });
    },
  };
}

/** @param code the status that the host ended with; null: by a signal */
export function chooseRestartDelay(code: number | null): number {
  return code === ExitCode.refused ? REFUSED_DELAY_MS : RESTART_DELAY_MS;
}

function hostArguments(
  { dataDir, proxy, fingerprint, flags, logFile }: HostProcessOptions,
  readyFile: string,
): string[] {
  const given = ["host", "--proxy", proxy, "--fingerprint", fingerprint, "--data", dataDir];
  given.push("--join-file", "-");
  // The host and its server are on the same machine.
  given.push("--http-proxy", "none");
  given.push("--ready-file", readyFile, "--log-file", logFile);
  given.push("--log-level", flags.logLevel, "--accel", flags.accel, "--demo", flags.demo);
  given.push("--stop-grace", String(flags.stopGrace), "--max-instances", String(flags.maxInstances));
  given.push("--memory-reserve", String(flags.memoryReserve));
  if (flags.maxLoad !== undefined) given.push("--max-load", String(flags.maxLoad));
  if (flags.userDataGb !== undefined) given.push("--user-data-gb", String(flags.userDataGb));
  given.push("--server-images-gb", String(flags.serverImagesGb));
  if (flags.allowQemuArgs === true) given.push("--allow-qemu-args");
  for (const folder of flags.allowShares ?? []) given.push("--allow-shares", folder);
  if (flags.vmUser !== undefined) given.push("--vm-user", flags.vmUser);
  for (const range of flags.netAllow ?? []) given.push("--net-allow", range);
  for (const forward of flags.netForward ?? []) given.push("--net-forward", forward);
  for (const address of flags.gpu ?? []) given.push("--gpu", address);
  for (const address of flags.gpuDeny ?? []) given.push("--gpu-deny", address);
  if (flags.gpuMdevType !== undefined) given.push("--gpu-mdev-type", flags.gpuMdevType);
  if (flags.bootScripts !== undefined) given.push("--boot-scripts", flags.bootScripts);
  for (const host of flags.bootScriptHost ?? []) given.push("--boot-script-host", host);
  if (flags.bootScriptNetwork === true) given.push("--boot-script-network");
  if (flags.catalogue !== undefined) given.push("--catalogue", flags.catalogue);
  if (flags.images !== undefined) given.push("--images", flags.images);
  return given;
}

/** Removes variables that are meant only for the server, for instance its database's password. */
function hostEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isServers = (name: string): boolean =>
    (name.startsWith("POSTERN_") && name !== "POSTERN_RUNTIME_DIR") || name === "PGPASSWORD";
  return Object.fromEntries(Object.entries(own).filter(([name]) => !isServers(name)));
}

function programPath(): string {
  return fileURLToPath(new URL("../main.js", import.meta.url));
}
