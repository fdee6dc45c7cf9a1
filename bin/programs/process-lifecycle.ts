import type { Logger } from "pino";

export interface RunningProgram {
  close(): Promise<void>;
  /** Settles with the cause when the program has ended without `close`. */
  readonly stopped?: Promise<Error | null>;
}

/**
 * Runs until SIGTERM or SIGINT, then closes the program and exits with status 0. A second signal exits at
 * once.
 * @throws the cause, when the program ended without a signal
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

/** Logs a bug and ends the program, so that a supervisor restarts it in a clean state. */
export function exitOnFault(log: Logger): void {
  const onFault = (error: unknown): void => {
    log.fatal({ event: "program.fault", err: error }, "an unexpected fault; ending");
    process.exit(70);
  };
  process.on("uncaughtException", onFault);
  process.on("unhandledRejection", onFault);
}
