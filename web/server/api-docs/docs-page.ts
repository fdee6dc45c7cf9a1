import { z } from "zod";
import { OPERATIONS, type Operation } from "../../api/operations/index.ts";
import { describeForCaller, isWebErrorCode, refuse } from "../http-errors.ts";
import { describeAccess, listErrors } from "./openapi-document.ts";

const SCOPES = [
  ["read", "lists, states, pictures"],
  ["machines", "make, run and remove machines, their snapshots and disks"],
  ["desktops", "connect, and let others connect"],
  ["admin", "everything else that the role may"],
] as const;
const DEPTH = 2;

/** The API as a page: no script, and nothing from elsewhere. */
export function writeDocsPage(): string {
  const groups = [...new Set(OPERATIONS.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const own = OPERATIONS.filter((operation) => operation.group === group);
    return `<section id="${slug(group)}"><h2>${escape(group)}</h2>${own.map(writeOperation).join("")}</section>`;
  });
  const links = groups.map((group) => `<a href="#${slug(group)}">${escape(group)}</a>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>API · Postern</title>
<link rel="icon" href="/mark.svg">
<link rel="stylesheet" href="/api/v1/docs/style.css">
</head>
<body>
<nav aria-label="Groups"><strong>Postern API</strong>${links}<a class="file" href="/api/v1/openapi.json">openapi.json</a></nav>
<main>
<header>
<h1>The API</h1>
<p>Everything that the pages and the command line do, over HTTPS and JSON, below <code>/api/v1</code>.</p>
<pre><code>curl --cacert ca.pem -H "Authorization: Bearer pst_…" https://HOST/api/v1/machines</code></pre>
<p>An API token may at most what its account may, and less by its scopes:</p>
<dl>${SCOPES.map(([name, text]) => `<dt><code>${name}</code></dt><dd>${text}</dd>`).join("")}</dl>
<p>Long lists come in pages: <code>limit</code> is how many rows, <code>after</code> the name (in lists by name) or the id of the last row before.
With the same <code>Idempotency-Key</code> the same request is done once in 24 hours. With <code>If-Match</code> and an <code>ETag</code> a change is refused
if somebody else was faster.</p>
<p>Times are milliseconds since 1970. Every error has a <code>code</code> that stays, and a sentence that may get better.</p>
</header>
${sections.join("\n")}
</main>
</body>
</html>
`;
}

function writeOperation(operation: Operation): string {
  const { method, path, summary, details, body, query, takesTag, repeatable } = operation;
  const headers = [
    ...(repeatable === undefined ? [] : ["Idempotency-Key"]),
    ...(takesTag === true ? ["If-Match"] : []),
  ];
  const id = slug(`${method} ${path}`);
  return `<details id="${id}"><summary><span class="method ${method.toLowerCase()}">${method}</span> <code>${escape(path)}</code> <span class="about">${escape(summary)}</span></summary>
<div class="body">
${details === undefined ? "" : `<p>${escape(details).replaceAll(/`([^`]+)`/g, "<code>$1</code>")}</p>`}
<p class="access">${escape(describeAccess(operation))}</p>
${headers.map((name) => `<p>It takes <code>${name}</code>.</p>`).join("")}
${query === undefined ? "" : `<h3>Query</h3>${writeFields(query, "input")}`}
${body === undefined ? "" : `<h3>Request</h3>${writeFields(body, "input")}`}
<pre><code>${escape(writeRequest(operation))}</code></pre>
${operation.answers.map(writeAnswer).join("")}
<h3>Errors</h3>
<dl class="errors">${listErrors(operation).map(writeError).join("")}</dl>
</div></details>`;
}

function writeRequest(operation: Operation): string {
  const { method, path, pathExample = {}, queryExample = {}, bodyExample, bodyType } = operation;
  const address = path.replaceAll(/:(\w+)/g, (_match, name: string) =>
    encodeURIComponent(pathExample[name] ?? name),
  );
  const query = new URLSearchParams(queryExample).toString();
  const line = `${method} /api/v1${address}${query === "" ? "" : `?${query}`}`;
  if (bodyExample === undefined) return line;
  const body =
    bodyType === undefined
      ? JSON.stringify(bodyExample, null, 2)
      : new URLSearchParams(bodyExample as Record<string, string>).toString();
  return `${line}\n\n${body}`;
}

function writeAnswer({ status, summary, example, mediaType, schema }: Operation["answers"][number]): string {
  const text =
    mediaType === "text/event-stream"
      ? `data: ${JSON.stringify(example)}\n`
      : JSON.stringify(example, null, 2);
  const type = mediaType === undefined ? "" : ` <code>${escape(mediaType)}</code>`;
  return `<h3>${status} <span class="about">${escape(summary)}</span>${type}</h3>${
    example === undefined ? "" : `<pre><code>${escape(text)}</code></pre>`
  }${schema === undefined ? "" : writeFields(schema, "output")}`;
}

function writeError(code: string): string {
  if (!isWebErrorCode(code)) return "";
  const { status, body } = describeForCaller(refuse(code));
  return `<dt><code>${code}</code> ${status}</dt><dd>${escape(body.error.message)}</dd>`;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly format?: string;
}

function writeFields(schema: z.ZodType, io: "input" | "output"): string {
  const described = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema;
  const rows = listFields(described.type === "array" ? (described.items ?? {}) : described, "", DEPTH);
  if (rows.length === 0) return "";
  return `<details class="fields"><summary>Fields</summary><table><tbody>${rows.join("")}</tbody></table></details>`;
}

function listFields(schema: JsonSchema, prefix: string, depth: number): string[] {
  const choices = schema.anyOf ?? schema.oneOf;
  if (schema.properties === undefined)
    return depth === 0 || choices === undefined
      ? []
      : choices.flatMap((one) => listFields(one, prefix, depth));
  return Object.entries(schema.properties).flatMap(([name, field]) => {
    const inner = field.items ?? field;
    const rest = depth === 0 ? [] : listFields(inner, `${prefix}${name}.`, depth - 1);
    const need = schema.required?.includes(name) === true ? "" : " <i>optional</i>";
    return [
      `<tr><th scope="row"><code>${escape(prefix + name)}</code></th><td>${escape(describeType(field))}${need}</td></tr>`,
      ...rest,
    ];
  });
}

function describeType(field: JsonSchema): string {
  const choices = field.anyOf ?? field.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(describeType))].join(" or ");
  if (field.const !== undefined) return JSON.stringify(field.const);
  if (field.enum !== undefined) return field.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (field.type === "array")
    return `list of ${describeType(field.items ?? {})}${limit(" to ", field.maxItems)}`;
  const type = typeof field.type === "string" ? field.type : (field.type?.join(" or ") ?? "any");
  const range = [limit("from ", field.minimum), limit("to ", field.maximum)];
  const lengths = [limit("at least ", field.minLength), limit("at most ", field.maxLength)];
  const preset = field.default === undefined ? "" : `default ${JSON.stringify(field.default)}`;
  return [type, field.format ?? "", ...range, ...lengths, preset].filter((text) => text !== "").join(", ");
}

function limit(words: string, value: number | undefined): string {
  return value === undefined || Math.abs(value) === Number.MAX_SAFE_INTEGER ? "" : `${words}${value}`;
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
