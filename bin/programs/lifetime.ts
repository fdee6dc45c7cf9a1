import type { Logger } from "pino";

/**
 * Runs until SIGTERM or SIGINT, then closes what was opened, in order, and ends with status 0.
 * A second signal ends at once.
 */
export async function runUntilSignalled(close: () => Promise<void>, log: Logger): Promise<void> {
  await new Promise<void>((resolve) => {
    let signalled = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (signalled) process.exit(1);
      signalled = true;
      log.info({ event: "program.stop", signal }, "stopping");
      resolve();
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
  await close();
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
