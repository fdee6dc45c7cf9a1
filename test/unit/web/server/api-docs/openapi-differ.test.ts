import { expect, test } from "vitest";
import { describeApi, type Json } from "../../../../../web/server/api-docs/openapi-document.ts";
import { findIncompatible, isAnnounced } from "../../../../support/openapi-differ.ts";

type Changed = Record<string, never> & { [key: string]: Changed };

/** The document of today after a change. */
function change(edit: (document: Changed) => void): Json {
  const document = structuredClone(describeApi()) as unknown as Changed;
  edit(document);
  return document as unknown as Json;
}

const schemaOf = (document: Changed, name: string) => document["components"]!["schemas"]![name]!;
const bodyOf = (document: Changed, path: string) =>
  document["paths"]![path]!["post"]!["requestBody"]!["content"]!["application/json"]!["schema"]!;
const set = (target: Changed, key: string, value: unknown) => Reflect.set(target, key, value);

test("nothing is incompatible with itself", () => {
  expect(findIncompatible(describeApi(), describeApi())).toEqual([]);
});

test.each<[string, string, (document: Changed) => void]>([
  ["a route is gone", "GET /me", (d) => delete d["paths"]!["/me"]],
  ["an answer loses a field", "Machine", (d) => delete schemaOf(d, "Machine")["properties"]!["state"]],
  ["a field of an answer may be absent", "Desktop", (d) => set(schemaOf(d, "Desktop"), "required", ["id"])],
  [
    "a field has another type",
    "User",
    (d) => set(schemaOf(d, "User")["properties"]!["createdAt"]!, "type", "string"),
  ],
  ["a request needs more", "POST /users", (d) => set(bodyOf(d, "/users"), "required", ["name", "email"])],
  ["a request loses a field", "POST /users", (d) => delete bodyOf(d, "/users")["properties"]!["email"]],
  [
    "a limit gets tighter",
    "POST /machines",
    (d) => set(bodyOf(d, "/machines")["properties"]!["cpus"]!, "maximum", 8),
  ],
  [
    "a value is no longer taken",
    "POST /users",
    (d) => set(bodyOf(d, "/users")["properties"]!["role"]!, "enum", ["user", "admin"]),
  ],
  [
    "an answer has another status",
    "POST /tokens",
    (d) => delete d["paths"]!["/tokens"]!["post"]!["responses"]!["201"],
  ],
  [
    "a token needs another scope",
    "GET /machines",
    (d) => set(d["paths"]!["/machines"]!["get"]!, "x-scope", "admin"),
  ],
  ["an event loses a field", "Desktop", (d) => delete schemaOf(d, "Desktop")["properties"]!["viewers"]],
])("%s: found, unless CHANGELOG.md names %s", (_what, place, edit) => {
  const found = findIncompatible(describeApi(), change(edit));
  expect(found.length).toBeGreaterThan(0);
  const unreleased = (text: string) =>
    `# Changelog\n\n## Unreleased\n\n- ${text}\n\n## 0.1.0\n\n- \`${place}\`\n`;
  expect(found.every((one) => isAnnounced(one, unreleased(`\`${place}\` has changed.`)))).toBe(true);
  expect(found.some((one) => isAnnounced(one, unreleased("Something else.")))).toBe(false);
});

test.each<[string, (document: Changed) => void]>([
  ["a new route", (d) => set(d["paths"]!, "/new", { get: { responses: {} } })],
  ["a new field of an answer", (d) => set(schemaOf(d, "Machine")["properties"]!, "more", { type: "string" })],
  ["a new field of a request", (d) => set(bodyOf(d, "/users")["properties"]!, "more", { type: "string" })],
  ["a wider limit", (d) => set(bodyOf(d, "/machines")["properties"]!["cpus"]!, "maximum", 512)],
  ["another sentence", (d) => set(d["paths"]!["/me"]!["get"]!, "summary", "Me")],
])("%s breaks nothing", (_what, edit) => {
  expect(findIncompatible(describeApi(), change(edit))).toEqual([]);
});
