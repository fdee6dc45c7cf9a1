import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { z } from "zod";

/** Null: the file is missing, or its content does not fit the schema. */
export function readJsonFile<T>(file: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/** Replaces a file as a whole, mode 0600. Synchronous: a state is on disk before an event announces it, in order. */
export function replaceJsonFile(file: string, value: unknown): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, file);
}
