import type { Logger } from "pino";

export interface RunningProgram {
  close(): Promise<void>;
  /** Settles with the cause when the program has ended without `close`. */
  readonly stopped?: Promise<Error | null>;
}

/**
 * Runs until SIGTERM or SIGINT, then closes the program and exits with status 0. A program that ends by itself is closed in the
 * same order: what it holds is released, its machines go on. A second signal exits at once.
 * @param whenRunning what is said and written once the program is up; the program ends when it fails
 * @throws the cause, when the program ended without a signal
 */
export async function runUntilSignal(
  program: RunningProgram,
  log: Logger,
  whenRunning: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
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
  const failed = new Promise<never>((_resolve, reject) => {
    whenRunning().catch(reject);
  });
  try {
    const cause = await Promise.race([signalled, failed, ...(program.stopped ? [program.stopped] : [])]);
    if (cause) throw cause;
  } catch (cause) {
    await program.close().catch((error: unknown) => {
      log.error({ event: "program.close", err: error }, "the program could not be closed in order");
    });
    throw cause;
  }
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
