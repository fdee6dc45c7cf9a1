import type { z } from "zod";
import { ConfigError, foldName } from "../../protocol/index.ts";
import { accountRole, userCreateRequest, userName } from "../../web/api/schemas.ts";

type RoleName = z.infer<typeof accountRole>;
export const PEOPLE_FORMATS = ["csv", "passwords"] as const;
type PeopleFormat = (typeof PEOPLE_FORMATS)[number];

/** A person who is to have an account. */
export interface ListedPerson {
  /** Where the file names them, from 1. */
  readonly line: number;
  readonly name: string;
  /** Null: the file says nothing. */
  readonly role: RoleName | null;
  readonly groups: readonly string[];
  readonly email: string | null;
}

export interface PeopleFile {
  readonly people: readonly ListedPerson[];
  /** Accounts of programs in a list of passwords of a system: they are no people. */
  readonly leftOut: number;
}

const MAX_PEOPLE = 5_000;
const COLUMNS = ["name", "role", "groups", "email"] as const;
type Column = (typeof COLUMNS)[number];
/** Excel and LibreOffice write a semicolon where the comma is in numbers, as in French; and a tab as "Unicode text". */
const SEPARATORS = [",", ";", "\t"] as const;
type Separator = (typeof SEPARATORS)[number];
/** Those of people in `/etc/passwd`; the others are the system's. */
const PEOPLE_UIDS = { first: 1000, last: 59_999 };
const email = userCreateRequest.shape.email;

/**
 * Reads a list of people: CSV with a line of column names, or passwords, `NAME:…`, of which the names are taken alone.
 * @param format absent: CSV where the first line names a column `name`
 * @throws ConfigError `PEOPLE_FILE` naming the first line that is wrong
 */
export function readPeople(file: string, text: string, format?: PeopleFormat): PeopleFile {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((content, index) => ({ number: index + 1, content }))
    .filter(({ content }) => content.trim() !== "" && !content.startsWith("#"));
  const head = lines[0]?.content ?? "";
  const separator = SEPARATORS.find((one) => namesColumns(head, one)) ?? ",";
  const isCsv = format === undefined ? namesColumns(head, separator) : format === "csv";
  const listed = isCsv ? readCsv(file, separator, lines) : readPasswords(file, lines);
  const people = listed.people.map((fields) => checkPerson(file, fields));
  if (people.length === 0) throw new ConfigError("PEOPLE_FILE", `${file} names nobody.`);
  if (people.length > MAX_PEOPLE)
    throw new ConfigError("PEOPLE_FILE", `${file} has more than ${MAX_PEOPLE} people. Divide it.`);
  const seen = new Map<string, number>();
  for (const { name, line } of people) {
    const before = seen.get(foldName(name));
    if (before !== undefined) throw describeLine(file, line, `${name} stands in line ${before} already.`);
    seen.set(foldName(name), line);
  }
  return { people, leftOut: listed.leftOut };
}

export function describeLine(file: string, line: number, problem: string): ConfigError {
  return new ConfigError("PEOPLE_FILE", `${file}, line ${line}: ${problem} Nobody was imported.`);
}

interface Line {
  readonly number: number;
  readonly content: string;
}
type Fields = { readonly line: number } & Readonly<Partial<Record<Column, string>>>;

function readCsv(
  file: string,
  separator: Separator,
  [head, ...lines]: readonly Line[],
): { people: Fields[]; leftOut: number } {
  if (head === undefined) return { people: [], leftOut: 0 };
  const columns = splitCsv(file, separator, head).map((column) => {
    const known = COLUMNS.find((one) => one === column.trim().toLowerCase());
    if (known === undefined)
      throw describeLine(
        file,
        head.number,
        `there is no column "${column}". Choose from: ${COLUMNS.join(", ")}.`,
      );
    return known;
  });
  const people = lines.map((line) => {
    const values = splitCsv(file, separator, line);
    if (values.length > columns.length)
      throw describeLine(
        file,
        line.number,
        `there are ${values.length} values for ${columns.length} columns.`,
      );
    const given = columns.map((column, index) => [column, (values[index] ?? "").trim()] as const);
    return { line: line.number, ...Object.fromEntries(given.filter(([, value]) => value !== "")) };
  });
  return { people, leftOut: 0 };
}

/** As RFC 4180 has it, without line ends inside quotation marks. */
function splitCsv(file: string, separator: Separator, { number, content }: Line): string[] {
  const values: string[] = [];
  const value = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}]*))(${separator}|$)`, "y");
  for (;;) {
    const found = value.exec(content);
    if (found === null) throw describeLine(file, number, "a quotation mark has no other one.");
    const [, quoted, plain = "", end] = found;
    values.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") return values;
  }
}

function namesColumns(line: string, separator: Separator): boolean {
  return line.split(separator).some((column) => column.replaceAll('"', "").trim().toLowerCase() === "name");
}

/** What stands behind the name is not kept: no hash of another program can be checked here. */
function readPasswords(file: string, lines: readonly Line[]): { people: Fields[]; leftOut: number } {
  const people: Fields[] = [];
  for (const { number, content } of lines) {
    const fields = content.split(":");
    const [name = "", , uid = ""] = fields;
    if (SEPARATORS.some((one) => name.includes(one)))
      throw describeLine(file, number, "this looks like CSV, whose first line names its columns.");
    const isOfSystem = fields.length === 7 && !isPersonsUid(uid);
    if (!isOfSystem) people.push({ line: number, name: name.trim() });
  }
  return { people, leftOut: lines.length - people.length };
}

function isPersonsUid(text: string): boolean {
  const uid = Number(text);
  return uid >= PEOPLE_UIDS.first && uid <= PEOPLE_UIDS.last;
}

function checkPerson(file: string, { line, name, role, groups = "", email: address }: Fields): ListedPerson {
  const checked = userName.safeParse(name ?? "");
  if (!checked.success) throw describeLine(file, line, "this is no name of an account.");
  const known = accountRole.safeParse(role);
  if (role !== undefined && !known.success)
    throw describeLine(
      file,
      line,
      `there is no role "${role}". Choose from: ${accountRole.options.join(", ")}.`,
    );
  if (!email.safeParse(address).success)
    throw describeLine(file, line, `"${address ?? ""}" is no e-mail address.`);
  const named = groups.split(";").map((group) => group.trim());
  return {
    ...{ line, name: checked.data, role: known.data ?? null },
    ...{ groups: named.filter((group) => group !== ""), email: address ?? null },
  };
}
