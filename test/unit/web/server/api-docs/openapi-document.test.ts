import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { OPERATIONS } from "../../../../../web/api/operations/index.ts";
import { describeApi, type Json } from "../../../../../web/server/api-docs/openapi-document.ts";
import { writeDocsPage } from "../../../../../web/server/api-docs/docs-page.ts";
import { findIncompatible, isAnnounced } from "../../../../support/openapi-differ.ts";

const SNAPSHOT = new URL("../../../../../docs/openapi.json", import.meta.url);
const CHANGELOG = new URL("../../../../../CHANGELOG.md", import.meta.url);

/** What is written into docs/. */
function formatDocument(): string {
  return `${JSON.stringify(describeApi(), null, 1)}\n`;
}

function findReferences(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap((one: Json) => findReferences(one));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    key === "$ref" && typeof one === "string" ? [one] : findReferences(one as Json),
  );
}

describe("the table of the API", () => {
  it.each(OPERATIONS)(
    "$method $path: its examples have the shapes that they are examples of",
    (operation) => {
      const { body, bodyExample, query, queryExample, path, pathExample = {}, answers } = operation;
      if (body !== undefined) expect(body.parse(bodyExample)).toMatchObject(bodyExample as object);
      if (query !== undefined) expect(query.safeParse(queryExample).error).toBeUndefined();
      expect(Object.keys(pathExample)).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name));
      for (const { schema, example } of answers) {
        if (schema === undefined) continue;
        expect(schema.parse(example)).toEqual(example);
      }
    },
  );
});

describe("the OpenAPI document", () => {
  it("names every route once, and refers to nothing that it does not have", () => {
    const document = describeApi();
    const paths = document["paths"] as Record<string, Record<string, { operationId: string }>>;
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(ids).toHaveLength(OPERATIONS.length);
    expect(new Set(ids).size).toBe(ids.length);
    const { schemas } = document["components"] as { schemas: Record<string, Json> };
    const known = Object.keys(schemas).map((name) => `#/components/schemas/${name}`);
    expect(new Set(findReferences(document))).toEqual(new Set(known));
  });

  it("describes each error code with its status and its sentence", () => {
    const paths = describeApi()["paths"] as Record<
      string,
      Record<string, { responses: Record<string, { description: string }> }>
    >;
    const { description } = paths["/machines/{id}"]?.["get"]?.responses["404"] ?? { description: "" };
    expect(description).toBe("- `MACHINE_UNKNOWN`: There is no such machine. It may have been deleted.");
  });

  it("changes nothing that programs rely on without a word in CHANGELOG.md, and docs/openapi.json is of today", async () => {
    const stored = JSON.parse(await readFile(SNAPSHOT, "utf8").catch(() => "{}")) as Json;
    const changelog = await readFile(CHANGELOG, "utf8");
    const silent = findIncompatible(stored, describeApi()).filter(
      (change) => !isAnnounced(change, changelog),
    );
    expect(silent.map(({ text }) => text)).toEqual([]);
    // UPDATE_OPENAPI=1 npm run test:unit -- test/unit/web/server/api-docs
    if (process.env["UPDATE_OPENAPI"] === "1") await writeFile(SNAPSHOT, formatDocument());
    expect(await readFile(SNAPSHOT, "utf8")).toBe(formatDocument());
  });
});

describe("the page", () => {
  it("shows every route, and has neither a script, nor a style in it, nor anything from elsewhere", () => {
    const page = writeDocsPage();
    for (const { method, path } of OPERATIONS)
      expect(page).toContain(`>${method}</span> <code>${path}</code>`);
    expect(page).not.toMatch(/<script|\sstyle=|\son\w+=|<style|https?:\/\/(?!HOST|[\w.]+\.example\.org)/);
  });
});
