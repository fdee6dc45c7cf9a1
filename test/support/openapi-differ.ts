import type { Json } from "../../web/server/api-docs/openapi-document.ts";

/** A change of an API's document that may break a program that was written before it. */
export interface IncompatibleChange {
  /** `METHOD /path`, and the names of the shapes on the way: one of them announces the change. */
  readonly places: readonly string[];
  readonly text: string;
}

type JsonMap = Readonly<Record<string, Json | undefined>>;
type Direction = "request" | "answer";

/** Whether the section of what is not released yet names a change's place in backquotes. */
export function isAnnounced({ places }: IncompatibleChange, changelog: string): boolean {
  const [, rest = ""] = changelog.split(/^## Unreleased$/m);
  const [section = ""] = rest.split(/^## /m);
  return places.some((place) => section.includes(`\`${place}\``));
}

/** What a program that knows the document `before` can trip over. New routes, fields and answers are none of it. */
export function findIncompatible(before: Json, after: Json): IncompatibleChange[] {
  return new Differ(asMap(before), asMap(after)).run();
}

/** Limits that may not become tighter in a request, and whether a larger number is tighter. */
const LIMITS: Readonly<Record<string, boolean>> = {
  minimum: true,
  minLength: true,
  minItems: true,
  maximum: false,
  maxLength: false,
  maxItems: false,
};

class Differ {
  readonly #before: JsonMap;
  readonly #after: JsonMap;
  readonly #found: IncompatibleChange[] = [];
  #visited = new Set<string>();

  constructor(before: JsonMap, after: JsonMap) {
    this.#before = before;
    this.#after = after;
  }

  run(): IncompatibleChange[] {
    const paths = asMap(this.#after["paths"]);
    for (const [path, methods] of Object.entries(asMap(this.#before["paths"])))
      for (const [method, operation] of Object.entries(asMap(methods))) {
        const place = `${method.toUpperCase()} ${path}`;
        this.#visited = new Set();
        this.#compareOperation([place], asMap(operation), asMap(asMap(paths[path])[method]));
      }
    return this.#found;
  }

  #compareOperation(places: readonly string[], before: JsonMap, after: JsonMap): void {
    if (Object.keys(after).length === 0) return this.#report(places, "is gone");
    for (const key of ["x-access", "x-scope"])
      if (before[key] !== after[key])
        this.#report(places, `${key} was ${String(before[key])} and is ${String(after[key])}`);
    this.#compareParameters(places, before["parameters"], after["parameters"]);
    this.#compareBody(places, asMap(before["requestBody"]), asMap(after["requestBody"]));
    const answers = asMap(after["responses"]);
    for (const [status, answer] of Object.entries(asMap(before["responses"]))) {
      if (Number(status) >= 400) continue;
      if (answers[status] === undefined) this.#report(places, `no longer answers ${status}`);
      else this.#compareContent(places, asMap(answer), asMap(answers[status]), "answer");
    }
  }

  #compareParameters(places: readonly string[], before: Json | undefined, after: Json | undefined): void {
    const known = asList(before).map(asMap);
    const now = asList(after).map(asMap);
    const nameOf = (one: JsonMap) => `${String(one["in"])} parameter ${String(one["name"])}`;
    for (const one of known) {
      const same = now.find((other) => nameOf(other) === nameOf(one));
      if (same === undefined) this.#report(places, `${nameOf(one)} is gone`);
      else this.#compareShape([...places], nameOf(one), one["schema"], same["schema"], "request");
    }
    for (const one of now) {
      const before = known.find((other) => nameOf(other) === nameOf(one));
      if (one["required"] === true && before?.["required"] !== true)
        this.#report(places, `${nameOf(one)} is required now`);
    }
  }

  #compareBody(places: readonly string[], before: JsonMap, after: JsonMap): void {
    if (before["required"] !== true && after["required"] === true)
      this.#report(places, "a body is required now");
    this.#compareContent(places, before, after, "request");
  }

  #compareContent(places: readonly string[], before: JsonMap, after: JsonMap, direction: Direction): void {
    const types = asMap(after["content"]);
    for (const [type, content] of Object.entries(asMap(before["content"]))) {
      if (types[type] === undefined) {
        this.#report(places, `${direction}: ${type} is gone`);
        continue;
      }
      for (const key of ["schema", "x-event-data"])
        this.#compareShape(places, direction, asMap(content)[key], asMap(types[type])[key], direction);
    }
  }

  #compareShape(
    places: readonly string[],
    where: string,
    before: Json | undefined,
    after: Json | undefined,
    direction: Direction,
  ): void {
    const [one, oneName] = this.#resolve(this.#before, before);
    const [other, otherName] = this.#resolve(this.#after, after);
    const names = [oneName, otherName].filter((name) => name !== null);
    const key = `${direction} ${names.join(" ")}`;
    if (names.length > 0) {
      if (this.#visited.has(key)) return;
      this.#visited.add(key);
    }
    const at = [...places, ...names];
    const alternatives = ["anyOf", "oneOf"].find((word) => one[word] !== undefined);
    if (alternatives !== undefined)
      return this.#compareAlternatives(at, where, asList(one[alternatives]), other, direction);
    this.#compareValues(at, where, one, other, direction);
    this.#compareFields(at, where, one, other, direction);
    if (one["items"] !== undefined)
      this.#compareShape(at, `${where}[]`, one["items"], other["items"], direction);
  }

  /** Each of a request's alternatives must be there still; what an answer may be, only in its old order. */
  #compareAlternatives(
    places: readonly string[],
    where: string,
    before: readonly Json[],
    after: JsonMap,
    direction: Direction,
  ): void {
    const now = asList(after["anyOf"] ?? after["oneOf"]);
    if (now.length < before.length) this.#report(places, `${where}: one of its alternatives is gone`);
    else
      for (const [index, one] of before.entries())
        this.#compareShape(places, where, one, now[index], direction);
  }

  #compareValues(
    places: readonly string[],
    where: string,
    one: JsonMap,
    other: JsonMap,
    direction: Direction,
  ): void {
    const text = (value: Json | undefined) => JSON.stringify(value);
    if (text(one["type"]) !== text(other["type"]))
      this.#report(places, `${where} was ${text(one["type"])} and is ${text(other["type"])}`);
    const allowed = one["enum"] === undefined ? [] : asList(one["enum"]);
    const now = asList(other["enum"]);
    if (direction === "request") {
      for (const value of allowed)
        if (other["enum"] !== undefined && !now.includes(value))
          this.#report(places, `${where} may no longer be ${text(value)}`);
      if (one["enum"] === undefined && other["enum"] !== undefined)
        this.#report(places, `${where} is one of a list now`);
      if (one["pattern"] !== other["pattern"] && other["pattern"] !== undefined)
        this.#report(places, `${where} has another pattern`);
      for (const [limit, growsTighter] of Object.entries(LIMITS)) {
        const [was, is] = [one[limit], other[limit]];
        if (typeof is !== "number" || is === was) continue;
        if (typeof was !== "number" || is > was === growsTighter)
          this.#report(places, `${where}: ${limit} is ${is} now`);
      }
    }
    if (one["const"] !== undefined && one["const"] !== other["const"])
      this.#report(places, `${where} was always ${text(one["const"])}`);
  }

  #compareFields(
    places: readonly string[],
    where: string,
    one: JsonMap,
    other: JsonMap,
    direction: Direction,
  ): void {
    const now = asMap(other["properties"]);
    const was = asMap(one["properties"]);
    const required = { before: asList(one["required"]), after: asList(other["required"]) };
    for (const [name, field] of Object.entries(was)) {
      if (now[name] === undefined) this.#report(places, `${where}.${name} is gone`);
      else this.#compareShape(places, `${where}.${name}`, field, now[name], direction);
      if (direction === "answer" && required.before.includes(name) && !required.after.includes(name))
        this.#report(places, `${where}.${name} may be absent now`);
    }
    if (direction === "request")
      for (const name of required.after)
        if (!required.before.includes(name)) this.#report(places, `${where}.${String(name)} is required now`);
  }

  #resolve(document: JsonMap, shape: Json | undefined): [JsonMap, string | null] {
    const map = asMap(shape);
    const reference = map["$ref"];
    if (typeof reference !== "string") return [map, null];
    const name = reference.slice("#/components/schemas/".length);
    return [asMap(asMap(asMap(document["components"])["schemas"])[name]), name];
  }

  #report(places: readonly string[], text: string): void {
    this.#found.push({ places, text: `${places.join(" → ")}: ${text}` });
  }
}

function asMap(value: Json | undefined): JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonMap) : {};
}

function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
