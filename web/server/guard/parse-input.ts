import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { resourceId } from "../../api/schemas.ts";
import { InputInvalid } from "../http-errors.ts";

const idParams = z.object({ id: resourceId });

/**
 * Checks what a caller sent against a schema.
 * @throws RequestError `INPUT_INVALID`, naming the first field that is wrong
 */
export function parseInput<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  throw new InputInvalid(field, `${issue?.message ?? "unknown"}.`);
}

/**
 * The `:id` of a route's path.
 * @throws RequestError `INPUT_INVALID`
 */
export function parseId(request: FastifyRequest): string {
  return parseInput(idParams, request.params).id;
}
