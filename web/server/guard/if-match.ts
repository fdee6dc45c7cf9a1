import type { FastifyReply, FastifyRequest } from "fastify";
import { refuse } from "../http-errors.ts";

/** Of what two people may change at once. Each change gives it another version. */
interface Versioned {
  readonly id: string;
  readonly version: number;
}

/** Says which version of a record an answer shows. */
export function sendTag<T extends Versioned>(reply: FastifyReply, record: T): T {
  void reply.header("etag", `"${record.version}"`);
  return record;
}

/**
 * Refuses a change of what is no longer as its author saw it: `If-Match` has the tags that count, or `*`; without it nothing is
 * asked. Of several changes at once with the same tag one goes on.
 * @param take counts the version up, if it is one of these still
 * @throws RequestError `CHANGED_MEANWHILE`
 */
export async function requireMatch(
  { headers }: FastifyRequest,
  { id }: Versioned,
  take: (id: string, versions: readonly number[]) => Promise<boolean>,
): Promise<void> {
  const wanted = headers["if-match"]?.trim();
  if (wanted === undefined || wanted === "*") return;
  // A weak tag does not count here. RFC 9110, 13.1.1
  const versions = wanted.split(",").flatMap((tag) => {
    const digits = /^\s*"(\d{1,15})"\s*$/.exec(tag)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  if (versions.length === 0 || !(await take(id, versions))) throw refuse("CHANGED_MEANWHILE");
}
