/** Something a person can put right: `message` is the whole explanation, `output` what a program said about it. */
export class Problem extends Error {
  constructor(message, output = "") {
    super(message);
    this.name = "Problem";
    this.output = output;
  }
}

/** Runs a program's entry: a Problem ends it with its own words and status 1, a bug keeps its stack. */
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
