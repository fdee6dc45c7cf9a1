import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { resourceId } from "../../api/schemas.ts";
import { refuse } from "../http-errors.ts";

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
  const where = field === "" ? "The request is not valid" : `"${field}" is not valid`;
  throw refuse("INPUT_INVALID", `${where}: ${issue?.message ?? "unknown"}.`);
}

/**
 * The `:id` of a route's path.
 * @throws RequestError `INPUT_INVALID`
 */
export function parseId(request: FastifyRequest): string {
  return parseInput(idParams, request.params).id;
}
