import type { Logger } from "pino";

export interface RunningProgram {
  close(): Promise<void>;
  /** Settles when it has ended by itself, with the cause. */
  readonly stopped?: Promise<Error | null>;
}

/**
 * Runs until SIGTERM or SIGINT, then closes the program and ends with status 0. A second signal ends at once.
 * @throws the cause, when the program ended by itself
 */
export async function runUntilSignal(program: RunningProgram, log: Logger): Promise<void> {
  const signalled = new Promise<null>((resolve) => {
    let seen = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (seen) process.exit(1);
      seen = true;
      log.info({ event: "program.stop", signal }, "stopping");
      resolve(null);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
  const cause = await Promise.race([signalled, ...(program.stopped ? [program.stopped] : [])]);
  if (cause) throw cause;
  await program.close();
  process.exit(0);
}

/** A fault of ours is logged and ends the program: a supervisor starts it clean. */
export function exitOnFault(log: Logger): void {
  const onFault = (error: unknown): void => {
    log.fatal({ event: "program.fault", err: error }, "an unexpected fault; ending");
    process.exit(70);
  };
  process.on("uncaughtException", onFault);
  process.on("unhandledRejection", onFault);
}
