import { pino, type Logger } from "pino";

export interface LogOptions {
  readonly logLevel: string;
  /** A file to append to. Absent: standard error. */
  readonly logFile?: string | undefined;
}

/** JSON lines. Synchronous, so that the last line before an exit is not lost. */
export function openLog(program: string, options: LogOptions): Logger {
  const destination = pino.destination({
    dest: options.logFile ?? 2,
    append: true,
    mkdir: true,
    sync: true,
    mode: 0o600,
  });
  return pino({ name: program, level: options.logLevel, base: { program } }, destination);
}
