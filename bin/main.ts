import "./require-node.ts";
import { createProgram } from "./program.ts";
import { reportFailure } from "./report-failure.ts";
import { ExitCode } from "./terminal/exit-codes.ts";

// Neither a full disk nor a reader that has gone ends a server. `postern … | head` is no error; a result that could not
// be written is one.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.exitCode = ExitCode.failed;
  process.stderr.write(`postern: standard output cannot be written: ${error.code ?? error.message}\n`);
});
process.stderr.on("error", () => undefined);

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  // Nothing that a program has left open keeps it.
  process.exit(reportFailure(error));
}
