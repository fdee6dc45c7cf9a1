import type { z } from "zod";
import { ProtocolError } from "../protocol/index.ts";

/** @throws ProtocolError `MIP_MESSAGE` when a JSON frame does not fit its schema */
export function parseMessage<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const read = schema.safeParse(value);
  if (!read.success)
    throw new ProtocolError("MIP_MESSAGE", `the server's ${what} does not fit its schema`, {
      cause: read.error,
    });
  return read.data;
}
