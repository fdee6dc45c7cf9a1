import "./require-node.ts";
import { createProgram } from "./program.ts";
import { reportFailure } from "./report-failure.ts";

// `postern … | head`: a reader that closes the pipe is not an error, and must not end a server.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = reportFailure(error);
}
