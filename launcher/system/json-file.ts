import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { errorCode, isMissing } from "../../protocol/index.ts";

/** Written into every record. A record with a higher one is a newer version's, and is not guessed at. */
const RECORD_VERSION = 1;
/** The largest are specifications with boot scripts. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const versioned = z.object({ version: z.number().default(RECORD_VERSION) });

/**
 * What reading a record has found. `missing`: there is no such file. `damaged`: there may be one, which cannot
 * be used; it must never be treated as missing.
 */
export type ReadRecord<T> =
  | { readonly kind: "whole"; readonly value: T }
  | { readonly kind: "missing" }
  /** `why` holds nothing of the content. */
  | { readonly kind: "damaged"; readonly why: string };

/** Reads a JSON record. Never throws. */
export function readRecord<T>(file: string, schema: z.ZodType<T>): ReadRecord<T> {
  let handle: number;
  try {
    // A pipe in a record's place must not make the program wait for its other end.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error) && !isThere(file)) return { kind: "missing" };
    return { kind: "damaged", why: `it cannot be read (${errorCode(error)})` };
  }
  try {
    const about = fstatSync(handle);
    if (!about.isFile()) return { kind: "damaged", why: "it is no file" };
    if (about.size > MAX_RECORD_BYTES) return { kind: "damaged", why: "it is too large" };
    return parseRecord(readFileSync(handle, "utf8"), schema);
  } catch (error) {
    return { kind: "damaged", why: `it cannot be read (${errorCode(error)})` };
  } finally {
    closeSync(handle);
  }
}

function parseRecord<T>(text: string, schema: z.ZodType<T>): ReadRecord<T> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { kind: "damaged", why: text === "" ? "it is empty" : "it is no whole JSON" };
  }
  const header = versioned.safeParse(content);
  if (header.success && header.data.version > RECORD_VERSION)
    return { kind: "damaged", why: "a newer version of this program wrote it" };
  const parsed = schema.safeParse(content);
  if (parsed.success) return { kind: "whole", value: parsed.data };
  const field = parsed.error.issues[0]?.path.join(".") ?? "";
  return { kind: "damaged", why: field === "" ? "it is no such record" : `its field ${field} does not fit` };
}

/**
 * Replaces a file as a whole, mode 0600. It survives a power failure when this returns. Synchronous: a state is on disk
 * before an event announces it, in order.
 */
export function replaceJsonFile(file: string, value: object): void {
  const fresh = `${file}.new`;
  const handle = openSync(fresh, "w", 0o600);
  try {
    fchmodSync(handle, 0o600);
    writeFileSync(handle, `${JSON.stringify({ version: RECORD_VERSION, ...value })}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(fresh, file);
  fsyncFolder(dirname(file));
}

/** Makes new and renamed entries of a folder survive a power failure. */
export function fsyncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } catch (error) {
    // Some network file systems do not know it for folders.
    if (errorCode(error) !== "EINVAL") throw error;
  } finally {
    closeSync(handle);
  }
}

/** Also a link that leads nowhere: its file may only be away now. */
export function isThere(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch (error) {
    return !isMissing(error);
  }
}
