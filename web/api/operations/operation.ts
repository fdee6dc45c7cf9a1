import type { z } from "zod";
import type { ApiScope, Power } from "../schemas.ts";

/** An answer that is no error. */
export interface OperationAnswer {
  readonly status: number;
  readonly summary: string;
  /** Absent: there is no JSON. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  /** What comes in place of JSON, by its media type; for `text/event-stream`, `schema` is that of one event's data. */
  readonly mediaType?: string;
}

/** One route of the API: all that can be said about it without running it. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/api/v1`, with `:name` for what varies. */
  readonly path: string;
  readonly group: string;
  readonly summary: string;
  readonly details?: string;
  /** Who may: anybody, who is signed in, or whose role has this power. */
  readonly access: "anybody" | "signedIn" | Power;
  /** The scope that an API token needs; `any`: each may, `none`: no token may. */
  readonly scope: ApiScope | "any" | "none";
  /** Values of the path's variables. */
  readonly pathExample?: Readonly<Record<string, string>>;
  readonly query?: z.ZodType;
  readonly queryExample?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  readonly bodyExample?: unknown;
  /** The body's media type where it is no JSON; it then comes from another server, not from a page. */
  readonly bodyType?: "application/x-www-form-urlencoded";
  readonly answers: readonly OperationAnswer[];
  /** It takes an `Idempotency-Key`; `toldOnce`: with these fields in it an answer is not kept for the next time. */
  readonly repeatable?: { readonly toldOnce?: readonly string[] };
  /** Its answer has an `ETag`. */
  readonly tagged?: boolean;
  /** It takes `If-Match` with such a tag. */
  readonly takesTag?: boolean;
  /** Codes beside those that every route of its kind may answer with. */
  readonly errors?: readonly string[];
}

export const NO_CONTENT: readonly OperationAnswer[] = [{ status: 204, summary: "Done." }];

export function answerWith(
  schema: z.ZodType,
  example: unknown,
  summary = "What was asked for.",
  status = 200,
): readonly OperationAnswer[] {
  return [{ status, summary, schema, example }];
}
