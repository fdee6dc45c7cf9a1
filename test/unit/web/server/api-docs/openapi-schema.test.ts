import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, it } from "vitest";
import { describeApi } from "../../../../../web/server/api-docs/openapi-document.ts";

/** By the schema that the OpenAPI Initiative publishes for 3.1. */
async function validate(document: Record<string, unknown>): Promise<unknown> {
  const validator = new Validator();
  // It writes into what it is given.
  const { valid, errors } = await validator.validate(structuredClone(document));
  expect(validator.version).toBe("3.1");
  return valid ? null : errors;
}

it("the document is valid by the official schema of OpenAPI 3.1", async () => {
  expect(await validate(describeApi())).toBeNull();
});

it("a document with a fault in one route is not", async () => {
  const document = structuredClone(describeApi()) as {
    paths: Record<string, Record<string, { parameters: unknown[] }>>;
  };
  document.paths["/machines/{id}"]!["get"]!.parameters = [{ name: "id", in: "nowhere", required: true }];
  expect(await validate(document)).not.toBeNull();
});
