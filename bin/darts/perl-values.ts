import { readHereDocument, findStringEnd, skipWhitespaceAndComments } from "./perl-text.ts";

/** A value of Perl: a number or a string, or a list of them. */
export type PerlValue = string | readonly string[];

/** What is known at one place of a file. */
interface PerlScope {
  /** `$config{name}`. */
  readonly settings: ReadonlyMap<string, PerlValue>;
  /** `$name` and `@name`, with their sign. */
  readonly variables: ReadonlyMap<string, PerlValue>;
}

/** The name of a setting: `$config{name}`, `$config{'name'}`. */
const SETTING = /^\$config\s*\{\s*(["']?)(\w{1,64})\1\s*\}/;
const NUMBER = /^(?:\d[\d_]*(?:\.\d[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d{1,3})?/;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const MAX_NESTED = 50;

/** What is neither a constant nor made of constants: it is code, and code is not run. */
class NotConstant extends Error {}

/**
 * Reads a value and the semicolon after it: numbers, strings, lists, variables whose values are known, and what
 * `+ - * / .` make of them.
 * @returns null for everything else
 */
export function readValue(
  source: string,
  from: number,
  scope: PerlScope,
): { value: PerlValue; end: number } | null {
  const reader = new ValueReader(source, from, scope);
  try {
    const value = reader.readStatement();
    return { value, end: reader.at };
  } catch (error) {
    if (error instanceof NotConstant) return null;
    throw error;
  }
}

class ValueReader {
  at: number;
  readonly #source: string;
  readonly #scope: PerlScope;
  #depth = 0;
  /** After the statement, the text of a here-document follows: its end. */
  #textEnd: number | undefined;

  constructor(source: string, from: number, scope: PerlScope) {
    this.#source = source;
    this.at = from;
    this.#scope = scope;
  }

  readStatement(): PerlValue {
    const items = this.#readItems(";");
    if (this.#textEnd !== undefined) this.at = this.#textEnd;
    const [only, ...others] = items;
    return only !== undefined && others.length === 0 ? only : items.flat();
  }

  /** Items with commas between, up to and with `close`; a list stays one item. */
  #readItems(close: string): PerlValue[] {
    if ((this.#depth += 1) > MAX_NESTED) throw new NotConstant();
    const items: PerlValue[] = [];
    while (!this.#take(close)) {
      items.push(this.#readSum());
      if (!this.#take(",") && !this.#take("=>") && this.#peek() !== close) throw new NotConstant();
    }
    this.#depth -= 1;
    return items;
  }

  #readSum(): PerlValue {
    let left = this.#readProduct();
    for (;;) {
      if (this.#take("..")) throw new NotConstant();
      if (this.#take(".")) left = toScalar(left) + toScalar(this.#readProduct());
      else if (this.#take("+")) left = toText(toNumber(left) + toNumber(this.#readProduct()));
      else if (this.#take("-")) left = toText(toNumber(left) - toNumber(this.#readProduct()));
      else return left;
    }
  }

  #readProduct(): PerlValue {
    let left = this.#readSigned();
    for (;;) {
      if (this.#take("**")) throw new NotConstant();
      if (this.#take("*")) left = toText(toNumber(left) * toNumber(this.#readSigned()));
      else if (this.#take("/")) left = toText(toNumber(left) / toNumber(this.#readSigned()));
      else return left;
    }
  }

  #readSigned(): PerlValue {
    return this.#take("-") ? toText(-toNumber(this.#readTerm())) : this.#readTerm();
  }

  #readTerm(): PerlValue {
    const character = this.#peek();
    switch (character) {
      case "(": {
        this.at += 1;
        const items = this.#readItems(")");
        const [only, ...others] = items;
        return only !== undefined && others.length === 0 ? only : items.flat();
      }
      case "[":
        this.at += 1;
        return this.#readItems("]").flat();
      case '"':
      case "'":
        return this.#readString(character);
      case "$":
        return this.#readVariable();
      case "\\":
        this.at += 1;
        if (this.#peek() !== "@") throw new NotConstant();
        return this.#readVariable();
      case "@":
        return this.#readVariable();
      case "<":
        return this.#readHereDocument();
      default:
        return this.#readWord();
    }
  }

  #readWord(): PerlValue {
    const rest = this.#source.slice(this.at, this.at + 60);
    const [number] = NUMBER.exec(rest) ?? [];
    if (number !== undefined) {
      // A leading zero makes it an octal number, or one of another base.
      if (/^0\d/.test(number) || /^0[xXbB]/.test(rest)) throw new NotConstant();
      this.at += number.length;
      const plain = number.replaceAll("_", "");
      return /[eE]|^\./.test(plain) ? toText(Number(plain)) : plain;
    }
    const [word, operator, mark = ""] = /^(qw|qq|q)\s*([([{/|!])/.exec(rest) ?? [];
    if (word !== undefined) {
      const from = this.at + word.length;
      const end = this.#source.indexOf(CLOSING[mark] ?? mark, from);
      if (end < 0) throw new NotConstant();
      this.at = end + 1;
      const inner = this.#source.slice(from, end);
      if (operator === "qw") return inner.split(/\s+/).filter(Boolean);
      return operator === "q" ? inner : this.#interpolate(inner);
    }
    const [folder] = /^File::Spec->tmpdir(?:\(\))?(?!\w)/.exec(rest) ?? [];
    const [nothing] = /^undef(?!\w)/.exec(rest) ?? [];
    this.at += (folder ?? nothing ?? "").length;
    if (folder !== undefined) return "/tmp";
    if (nothing !== undefined) return "";
    throw new NotConstant();
  }

  #readString(quote: string): string {
    const end = findStringEnd(this.#source, this.at);
    if (end === null) throw new NotConstant();
    const inner = this.#source.slice(this.at + 1, end - 1);
    this.at = end;
    return quote === '"' ? this.#interpolate(inner) : inner.replaceAll(/\\(['\\])/g, "$1");
  }

  #readHereDocument(): string {
    const document = this.#textEnd === undefined ? readHereDocument(this.#source, this.at) : null;
    if (document === null) throw new NotConstant();
    // The statement has to end on the same line.
    const lineEnd = this.#source.indexOf("\n", document.markEnd);
    if (!/;[ \t]*(?:#.*)?$/.test(this.#source.slice(document.markEnd, lineEnd))) throw new NotConstant();
    this.at = document.markEnd;
    this.#textEnd = document.end;
    return document.isInterpolated ? this.#interpolate(document.text) : document.text;
  }

  /** `$name`, `$config{name}`, `@name`, `@{$config{name}}`. */
  #readVariable(): PerlValue {
    const rest = this.#source.slice(this.at, this.at + 200);
    const [dereferenced, inside = ""] = /^@\{\s*(\$config\s*\{[^}]*\})\s*\}/.exec(rest) ?? [];
    const found = findVariable(dereferenced === undefined ? rest : inside, this.#scope);
    if (found === null) throw new NotConstant();
    this.at += dereferenced?.length ?? found.length;
    // An element of it, or a method.
    if (/^\s*(?:[[{]|->)/.test(this.#source.slice(this.at, this.at + 20))) throw new NotConstant();
    return found.value;
  }

  /** What stands between double quotation marks. */
  #interpolate(text: string): string {
    let result = "";
    for (let at = 0; at < text.length;) {
      const character = text.charAt(at);
      const rest = text.slice(at, at + 200);
      // DARTS's own symbols in scripts: `@USER@`.
      const [symbol] = /^@[A-Z_]+@/.exec(rest) ?? [];
      if (character === "\\") {
        const next = text.charAt(at + 1);
        result += ESCAPES[next] ?? next;
        at += 2;
      } else if (symbol !== undefined) {
        result += symbol;
        at += symbol.length;
      } else if ((character === "$" || character === "@") && /^.[\w{:]/.test(rest)) {
        const found = findVariable(rest, this.#scope);
        if (found === null || /^(?:[[{]|->[[{])/.test(text.slice(at + found.length))) throw new NotConstant();
        result += typeof found.value === "string" ? found.value : found.value.join(" ");
        at += found.length;
      } else {
        result += character;
        at += 1;
      }
    }
    return result;
  }

  #peek(): string {
    this.at = skipWhitespaceAndComments(this.#source, this.at);
    return this.#source.charAt(this.at);
  }

  #take(text: string): boolean {
    this.#peek();
    if (!this.#source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }
}

/** A variable at the beginning of a text. Null: none whose value is known. */
function findVariable(text: string, scope: PerlScope): { value: PerlValue; length: number } | null {
  const [setting, , settingName] = SETTING.exec(text) ?? [];
  if (setting !== undefined && settingName !== undefined) {
    const value = scope.settings.get(settingName);
    return value === undefined ? null : { value, length: setting.length };
  }
  const [whole, sign = "", braced, plain] = /^([$@])(?:\{(\w+)\}|(\w+)(?!\w|::))/.exec(text) ?? [];
  const value = scope.variables.get(sign + (braced ?? plain ?? ""));
  return whole === undefined || value === undefined ? null : { value, length: whole.length };
}

function toScalar(value: PerlValue): string {
  if (typeof value !== "string") throw new NotConstant();
  return value;
}

function toNumber(value: PerlValue): number {
  const text = toScalar(value);
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw new NotConstant();
  return number;
}

/** As Perl prints it: fifteen digits. */
function toText(number: number): string {
  if (!Number.isFinite(number)) throw new NotConstant();
  return String(Number(number.toPrecision(15)));
}
