import { scriptError } from "./script-error.ts";

/** The values of boot scripts' symbols. They are data: nothing in them is ever executed. */
export interface ScriptSymbols {
  /** `@USER@`: the user who created the machine; empty: unknown. */
  readonly user: string;
  /** `@SESSION_NAME@`: the machine's id. */
  readonly sessionName: string;
  /** `@VM@`: the image's name. */
  readonly vm: string;
  /** `@CREDENTIAL@`: a secret generated for this machine only. */
  readonly credential: string;
}

/** `SESSION_NAME` → `sessionName` */
const FIELDS: ReadonlyMap<string, keyof ScriptSymbols> = new Map(
  (["user", "sessionName", "vm", "credential"] as const).map((field) => [
    field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
    field,
  ]),
);

const SYMBOL = /@([A-Z][A-Z_]{0,15})@/g;
const MAX_SYMBOL = 128;

/** The exact value of one symbol; undefined: unknown symbol. */
export function symbolValue(name: string, symbols: ScriptSymbols): string | undefined {
  const field = FIELDS.get(name);
  return field === undefined ? undefined : symbols[field];
}

/**
 * Fills in the values. Only letters, digits and `. _ - + @` are kept, everything else becomes `_`: the text is inert
 * however it is quoted, also in a shell inside a shell. Scripts find the exact values in their environment.
 * @param encode how a value is written in this kind of text
 */
export function fillInSymbols(
  text: string,
  symbols: ScriptSymbols,
  encode: (value: string) => string = (value) => value,
): string {
  return text.replaceAll(SYMBOL, (whole, name: string) => {
    const value = symbolValue(name, symbols);
    return value === undefined ? whole : encode(sanitize(value));
  });
}

/** @throws LaunchError `SCRIPT_PASSWORD` for a script that wants a person's password */
export function refusePassword(text: string): void {
  if (!text.includes("@PW@")) return;
  throw scriptError(
    "SCRIPT_PASSWORD",
    "@PW@ does not exist here: no person's password is ever put into a machine. Write @CREDENTIAL@ for a secret made for this machine alone.",
  );
}

/** The exact values that a script mentions, as shell variables: `export POSTERN_USER='…'`. */
export function exportSymbols(script: string, symbols: ScriptSymbols): string {
  return [...FIELDS]
    .filter(([name]) => script.includes(`POSTERN_${name}`))
    .map(([name, field]) => `export POSTERN_${name}=${quoteForShell(symbols[field])}\n`)
    .join("");
}

/** Whether a text depends on the individual machine. */
export function isPersonal(text: string): boolean {
  return /@(SESSION_NAME|CREDENTIAL)@|POSTERN_(SESSION_NAME|CREDENTIAL)/.test(text);
}

/** Whether a text uses the machine's secret. */
export function wantsCredential(text: string): boolean {
  return text.includes("@CREDENTIAL@") || text.includes("POSTERN_CREDENTIAL");
}

/** A value quoted as one word for a POSIX shell. NUL cannot be in a word. */
function quoteForShell(value: string): string {
  return `'${value.replaceAll("\0", "").replaceAll("'", String.raw`'\''`)}'`;
}

/** Never empty either: `rm -r /home/@USER@` must not become `rm -r /home/`. */
function sanitize(value: string): string {
  const tamed = [...value.normalize("NFC")]
    .slice(0, MAX_SYMBOL)
    .map((character) => (/[\p{L}\p{N}\p{M}._+@-]/u.test(character) ? character : "_"))
    .join("");
  return tamed === "" ? "_" : tamed.replace(/^[-.]/, "_");
}
