import { CommanderError } from "commander";
import { AuthError, ConfigError, describeError, isPosternError, UNEXPLAINED } from "../protocol/index.ts";
import { AdminApiError } from "./admin-api.ts";
import { describeField } from "./terminal/describe-field.ts";
import { nameProgram } from "./terminal/program-name.ts";
import { ExitCode } from "./terminal/exit-codes.ts";
import { escapeUnprintable } from "./terminal/output.ts";

/** Prints the error for a person on standard error and returns the matching exit status. */
export function reportFailure(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  if (error instanceof AdminApiError) {
    const { field } = error;
    printError(
      field === null ? error.message : `${describeField(field.name)} is not valid: ${field.problem}`,
    );
    for (const choice of error.choices) process.stderr.write(`  ${escapeUnprintable(choice)}\n`);
    return error.exitCode;
  }
  if (error instanceof ConfigError) {
    // A port in use is not a usage error: it may be free the next time.
    const listening = error.code === "LISTEN_FAILED";
    printError((listening ? explainListenError(error.cause) : null) ?? error.message);
    return listening ? ExitCode.failed : ExitCode.usage;
  }
  if (error instanceof AuthError) {
    printError(error.safeMessage ?? UNEXPLAINED);
    return ExitCode.refused;
  }
  printError(isPosternError(error) ? error.message : (explainListenError(error) ?? describeError(error)));
  return ExitCode.failed;
}

function explainListenError(error: unknown): string | null {
  if (error instanceof Error && "code" in error) {
    const detail =
      "address" in error ? `${String(error.address)}:${"port" in error ? String(error.port) : ""}` : "";
    if (error.code === "EADDRINUSE") {
      return `Another program already listens on ${detail || "that address"}. Stop it, or choose another port (--listen, --rfb-listen).`;
    }
    if (error.code === "EACCES" && detail) {
      return `Listening on ${detail} is not allowed for this user. Choose a port above 1023, or run as root.`;
    }
  }
  return null;
}

function printError(message: string): void {
  process.stderr.write(`postern: ${escapeUnprintable(nameProgram(message), "\n")}\n`);
}
