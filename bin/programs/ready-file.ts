import type { Logger } from "pino";
import { describeError } from "../../protocol/index.ts";
import { writeAtomically } from "./data-dirs.ts";

/**
 * Writes the file of `--ready-file`, if one is asked for. A full disk or a folder that is not there ends no program that runs:
 * machines can still be stopped, people can still sign in.
 */
export async function writeReadyFile(path: string | undefined, content: object, log: Logger): Promise<void> {
  if (path === undefined) return;
  try {
    await writeAtomically(path, JSON.stringify(content));
  } catch (error) {
    log.error({ event: "program.ready_file", err: error }, "the ready file could not be written");
    process.stderr.write(`postern: the ready file could not be written: ${describeError(error)}\n`);
  }
}
