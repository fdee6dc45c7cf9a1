/**
 * An error that a person can fix: `message` is the whole explanation, `output` a program's output about it.
 */
export class Problem extends Error {
  constructor(message, output = "") {
    super(message);
    this.name = "Problem";
    this.output = output;
  }
}

/**
 * Runs a program's entry point. A Problem prints its message and exits with 1; a bug keeps its stack trace.
 */
export async function runEntry(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.output.trim() !== "") process.stderr.write(`${error.output.trimEnd()}\n\n`);
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
