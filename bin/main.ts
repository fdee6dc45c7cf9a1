import "./require-node.ts";
import { createProgram } from "./program.ts";
import { reportFailure } from "./report-failure.ts";

// `postern … | head`: a reader that has seen enough is no failure, and no reason for a server to end.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = reportFailure(error);
}
