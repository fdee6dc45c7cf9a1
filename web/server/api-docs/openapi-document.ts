import { z } from "zod";
import { NAMED_SCHEMAS, OPERATIONS, type Operation } from "../../api/operations/index.ts";
import { describeForCaller, isWebErrorCode, refuse } from "../http-errors.ts";
import { rolesWith } from "../guard/powers.ts";

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Record<string, Json>;

const ERROR_TYPE = "application/problem+json";
const ERROR_SCHEMA = { $ref: "#/components/schemas/Error" };

const INTRODUCTION = [
  "Everything that the pages and the command line do, over HTTPS and JSON.",
  "A program sends an API token: `Authorization: Bearer pst_…`. It is made at the page, by `postern api-token create` or by `postern login`, may at most what its account may, and less by its scopes: `read` (lists, states, pictures), `machines` (make, run and remove machines, snapshots and disks), `desktops` (connect, and let others connect), `admin` (everything else that the role may).",
  "Long lists come in one order, which their route says, and in pages: `limit` is how many, and `after` what the last row of the page before is known by: its `name` in lists by name, its `id` in the others. A page with fewer rows than `limit` is the last one. Other query fields narrow a list; several have to fit together.",
  "A program that got no answer does not know whether something was made. What makes something takes an `Idempotency-Key`: with the same one within 24 hours the same request of the same account is done once, and gets the first answer again; another request with it is refused (422, `REQUEST_OTHER`). What is told once (API tokens, made passwords, join secrets) is not told again (409, `REQUEST_TOLD_ONCE`).",
  "Accounts and groups have an `ETag`. A change with `If-Match` and that tag is refused (412, `CHANGED_MEANWHILE`) if somebody else was faster; without it the last one counts.",
  "Times are milliseconds since 1970. Errors have a `code` that stays, and a sentence that may get better.",
].join("\n\n");

/** The whole API as OpenAPI 3.1, out of the table of its routes. */
export function describeApi(): JsonObject {
  const components = new Components();
  const paths: Record<string, JsonObject> = {};
  for (const operation of OPERATIONS)
    (paths[formatPath(operation)] ??= {})[operation.method.toLowerCase()] = describeOperation(
      operation,
      components,
    );
  components.describe(NAMED_SCHEMAS["Error"] ?? z.unknown(), "output");
  return {
    openapi: "3.1.0",
    info: {
      title: "Postern",
      version: "1",
      description: INTRODUCTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/api/v1" }],
    tags: [...new Set(OPERATIONS.map(({ group }) => group))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.all(),
      securitySchemes: {
        apiToken: { type: "http", scheme: "bearer", description: "An API token." },
        login: { type: "apiKey", in: "cookie", name: "__Host-postern", description: "The pages' login." },
      },
    },
  };
}

/** `/machines/{id}` */
export function formatPath({ path }: Pick<Operation, "path">): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

/** Every code that a route may answer with, by what it is, beside what it names itself. */
export function listErrors(operation: Operation): string[] {
  const { method, access, scope, body, bodyType, query, path } = operation;
  const changes = method !== "GET";
  const codes = [
    ...(body !== undefined || query !== undefined || path.includes(":") ? ["INPUT_INVALID"] : []),
    ...(access === "anybody" ? [] : ["LOGIN_REQUIRED", "API_TOKEN_REFUSED", "LOGIN_THROTTLED"]),
    ...(access === "anybody" || scope === "any"
      ? []
      : [scope === "none" ? "API_TOKEN_FORBIDDEN" : "SCOPE_REQUIRED"]),
    ...(access === "anybody" || access === "signedIn" ? [] : ["ADMIN_REQUIRED"]),
    ...(operation.takesTag === true ? ["CHANGED_MEANWHILE"] : []),
    ...(operation.repeatable === undefined ? [] : listRepeatErrors(operation.repeatable)),
    ...(operation.errors ?? []),
    ...(changes && bodyType === undefined ? ["CROSS_SITE"] : []),
    ...(body === undefined ? [] : ["JSON_REQUIRED", "BODY_TOO_LARGE"]),
    ...(path === "/healthz" || access === "anybody" ? [] : ["STATE_UNAVAILABLE"]),
  ];
  return [...new Set(codes)];
}

/** Who may, in words. */
export function describeAccess({ access, scope }: Pick<Operation, "access" | "scope">): string {
  const roles = access === "anybody" || access === "signedIn" ? [] : rolesWith(access);
  const who =
    access === "anybody"
      ? "Anybody"
      : access === "signedIn"
        ? "Everybody who is signed in"
        : `Roles ${roles.join(", ")}`;
  if (access === "anybody") return `${who}.`;
  const token =
    scope === "none"
      ? "no API token"
      : scope === "any"
        ? "any API token"
        : `API tokens with the scope ${scope}`;
  return `${who}; ${token}.`;
}

function describeOperation(operation: Operation, components: Components): JsonObject {
  const { method, path, group, summary, details, body, bodyExample, bodyType, access, scope } = operation;
  const parameters = [
    ...describePathParameters(operation),
    ...describeQuery(operation, components),
    ...describeHeaders(operation),
  ];
  return {
    operationId: nameOperation(method, path),
    tags: [group],
    summary,
    description: [details, describeAccess(operation)].filter((text) => text !== undefined).join("\n\n"),
    security:
      access === "anybody" ? [] : scope === "none" ? [{ login: [] }] : [{ apiToken: [] }, { login: [] }],
    "x-access": access,
    "x-scope": scope,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: !body.safeParse({}).success,
        content: {
          [bodyType ?? "application/json"]: {
            schema: components.describe(body, "input"),
            ...(bodyExample !== undefined && { example: asJson(bodyExample) }),
          },
        },
      },
    }),
    responses: { ...describeAnswers(operation, components), ...describeErrors(operation) },
  };
}

/** `GET /machines/:id/boot-log` is `getMachinesIdBootLog`. */
function nameOperation(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const capitals = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return method.toLowerCase() + capitals.join("");
}

function describePathParameters({ path, pathExample = {} }: Operation): JsonObject[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
    ...(pathExample[name] !== undefined && { example: pathExample[name] }),
  }));
}

function describeQuery({ query, queryExample = {} }: Operation, components: Components): JsonObject[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = components.describe(query, "input") as {
    properties?: JsonObject;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
    ...(queryExample[name] !== undefined && { example: readQueryExample(schema, queryExample[name]) }),
  }));
}

function listRepeatErrors({ toldOnce = [] }: NonNullable<Operation["repeatable"]>): string[] {
  const codes = ["INPUT_INVALID", "REQUEST_RUNNING", "REQUEST_OTHER", "LIMIT_REQUESTS"];
  return toldOnce.length === 0 ? codes : [...codes, "REQUEST_TOLD_ONCE"];
}

function describeHeaders({ takesTag, repeatable }: Operation): JsonObject[] {
  const key = {
    ...{ name: "Idempotency-Key", in: "header", required: false },
    schema: { type: "string", minLength: 1, maxLength: 255 },
    example: "6f1c1e0a-backup-2",
    description:
      "Anything of your own. With the same one within a day it is done once, and answered as the first time.",
  };
  const tag = {
    ...{ name: "If-Match", in: "header", required: false, schema: { type: "string" }, example: '"3"' },
    description: "The `ETag` of what is to be changed: if it is another one by now, nothing is changed.",
  };
  return [...(repeatable === undefined ? [] : [key]), ...(takesTag === true ? [tag] : [])];
}

function readQueryExample(schema: Json, text: string): Json {
  const isNumber =
    typeof schema === "object" && schema !== null && "type" in schema && schema.type === "integer";
  return isNumber ? Number(text) : text;
}

function describeAnswers({ answers, tagged }: Operation, components: Components): JsonObject {
  const headers = { ETag: { description: "For `If-Match`.", schema: { type: "string" }, example: '"3"' } };
  return Object.fromEntries(
    answers.map(({ status, summary, schema, example, mediaType }): [string, JsonObject] => {
      const described = schema === undefined ? undefined : components.describe(schema, "output");
      const json = { schema: described ?? {}, ...(example !== undefined && { example: asJson(example) }) };
      if (mediaType === "text/event-stream") {
        const text = `data: ${JSON.stringify(example)}\n\n`;
        // OpenAPI 3.1 has no word for the shape of one event.
        const stream = { schema: { type: "string" }, example: text, "x-event-data": described ?? {} };
        return [String(status), { description: summary, content: { [mediaType]: stream } }];
      }
      if (mediaType !== undefined)
        return [String(status), { description: summary, content: { [mediaType]: {} } }];
      return [
        String(status),
        {
          description: summary,
          ...(tagged === true && { headers }),
          ...(described !== undefined && { content: { "application/json": json } }),
        },
      ];
    }),
  );
}

/** All codes of one status together: an OpenAPI document has one answer for each. */
function describeErrors(operation: Operation): JsonObject {
  const byStatus = new Map<number, string[]>();
  const taken = new Set(operation.answers.map(({ status }) => status));
  for (const code of listErrors(operation)) {
    if (!isWebErrorCode(code))
      throw new Error(`${operation.method} ${operation.path}: there is no code ${code}`);
    const { status, body } = describeForCaller(refuse(code));
    if (taken.has(status)) continue;
    byStatus.set(status, [...(byStatus.get(status) ?? []), `- \`${code}\`: ${body.error.message}`]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([one], [other]) => one - other)
      .map(([status, lines]): [string, JsonObject] => [
        String(status),
        {
          description: lines.join("\n"),
          content: { [ERROR_TYPE]: { schema: ERROR_SCHEMA } },
        },
      ]),
  );
}

/** Shapes in the words of JSON Schema; those that have a name are kept once. */
class Components {
  readonly #schemas = new Map<string, Json>();
  readonly #registry = z.registry<{ id: string }>();

  constructor() {
    for (const [id, schema] of Object.entries(NAMED_SCHEMAS)) this.#registry.add(schema, { id });
  }

  describe(schema: z.ZodType, io: "input" | "output"): JsonObject {
    // In a list a shape that has a name is a reference to it, like everywhere else.
    const listed = z.toJSONSchema(z.array(schema), { io, metadata: this.#registry, unrepresentable: "any" });
    const { items = {}, $defs = {} } = listed as { items?: Json; $defs?: Record<string, Json> };
    for (const [name, definition] of Object.entries($defs)) this.#schemas.set(name, clean(definition, io));
    return clean(items, io) as JsonObject;
  }

  all(): JsonObject {
    return Object.fromEntries([...this.#schemas].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

/**
 * References point to the document's components; answers may get more fields; limits that no number reaches are left out; what a text
 * has to match besides says that it is one, since generators take it for anything else.
 */
function clean(value: Json, io: "input" | "output"): Json {
  if (typeof value === "string") return value.replace(/^#\/\$defs\//, "#/components/schemas/");
  if (Array.isArray(value)) return value.map((one: Json) => clean(one, io));
  if (value === null || typeof value !== "object") return value;
  if ("allOf" in value && "type" in value && Array.isArray(value.allOf)) {
    const { type, allOf, ...rest } = value;
    const typed = (allOf as readonly JsonObject[]).map((one): JsonObject => ({ type, ...one }));
    return { type, ...(clean(rest, io) as JsonObject), allOf: typed };
  }
  const entries = Object.entries(value).filter(([key, one]) =>
    key !== "id" || typeof one !== "string"
      ? !(io === "output" && key === "additionalProperties" && one === false) &&
        Math.abs(Number(one)) !== Number.MAX_SAFE_INTEGER
      : false,
  );
  return Object.fromEntries(entries.map(([key, one]) => [key, clean(one, io)]));
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
