import { pino, type Logger } from "pino";
import { systemClock } from "../../protocol/index.ts";
import { LogDestination } from "./log-destination.ts";

export interface LogOptions {
  readonly logLevel: string;
  /** A file to append to. Absent: standard error. */
  readonly logFile?: string | undefined;
}

/** JSON lines. A log that cannot be written ends no program: see {@link LogDestination}. */
export function openLog(program: string, options: LogOptions): Logger {
  const base = { name: program, base: { program } };
  const describeLoss = (lines: number, why: string): string => {
    let text = "";
    const notice = pino(
      { ...base, level: "warn" },
      {
        write(line: string) {
          text = line;
        },
      },
    );
    notice.warn({ event: "log.lost", lines, why }, "lines of this log are lost: it could not be written");
    return text;
  };
  const destination = new LogDestination(options.logFile ?? 2, { clock: systemClock, describeLoss });
  return pino({ ...base, level: options.logLevel }, destination);
}
