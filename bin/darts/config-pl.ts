import { findPodEnd, findStringEnd, readHereDocument, skipWhitespaceAndComments } from "./perl-text.ts";
import { readValue, type PerlValue } from "./perl-values.ts";

export interface ConfigPl {
  readonly settings: ReadonlyMap<string, PerlValue>;
  /** Settings without a value that could be read; the warnings say where. */
  readonly unread: readonly string[];
  readonly warnings: readonly string[];
}

/** `$config{name} =`, and also `||=`, `.=`, or with an index in between. */
const SETTING =
  /^\$config\s*\{\s*(["']?)(\w{1,64})\1\s*\}\s*((?:->)?\s*\[[^\]]{0,40}\]\s*|[-|/.+*x&]{1,2})?=(?![=~>])/;
const VARIABLE = /^([$@]\w{1,64})\s*=(?![=~>])/;
const APPENDED = /^push\s+@(?:(\w{1,64})|\{\s*\$config\s*\{\s*(\w{1,64})\s*\}\s*\})\s*,/;
const WHOLE = /^%config\s*=/;
const OTHER_FILE = /^(?:require|do)\s*\(?\s*["'$]/;
const END = /^__(?:END|DATA)__/;

/**
 * Finds `$config{name} = value;` in DARTS's config.pl. Nothing is executed: values are constants, variables with
 * constants in them, and arithmetic of both. Other values, and those set inside braces, become warnings.
 */
export function readConfigPl(source: string): ConfigPl {
  return new ConfigReader(source).read();
}

class ConfigReader {
  readonly #source: string;
  readonly #settings = new Map<string, PerlValue>();
  readonly #variables = new Map<string, PerlValue>();
  readonly #unread = new Set<string>();
  readonly #warnings: string[] = [];
  #depth = 0;
  /** What was no code, for the last look: documentation and here-documents. */
  readonly #text: { readonly from: number; readonly end: number }[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  read(): ConfigPl {
    for (let at = 0; at >= 0 && at < this.#source.length;) {
      at = skipWhitespaceAndComments(this.#source, at);
      at = this.#readStatement(at) ?? this.#readOther(at);
    }
    this.#warnOfOverlooked();
    for (const name of this.#settings.keys()) this.#unread.delete(name);
    return { settings: this.#settings, unread: [...this.#unread], warnings: this.#warnings };
  }

  /** @returns the position after it; null: it concerns no setting */
  #readStatement(at: number): number | null {
    if (/\w/.test(this.#source.charAt(at - 1))) return null;
    const rest = this.#source.slice(at, at + 200);
    const [setting, , name, how] = SETTING.exec(rest) ?? [];
    if (setting !== undefined && name !== undefined)
      return this.#assign({ at, from: at + setting.length, name, isPlain: how === undefined });
    const [assigned, variable] = VARIABLE.exec(rest) ?? [];
    if (assigned !== undefined && variable !== undefined)
      return this.#assignVariable(at + assigned.length, variable);
    const [appended, array, list] = APPENDED.exec(rest) ?? [];
    if (appended !== undefined) return this.#append({ at, from: at + appended.length, array, list });
    if (WHOLE.test(rest)) this.#warn(at, "%config is set as a whole, which is not read; set it by hand.");
    if (OTHER_FILE.test(rest)) this.#warn(at, "another file is read there, and not here; look into it.");
    return null;
  }

  #assign(found: {
    readonly at: number;
    readonly from: number;
    readonly name: string;
    readonly isPlain: boolean;
  }): number {
    const value = found.isPlain ? this.#readValue(found.from) : null;
    if (value === null) return this.#skipComputed(found.at, found.from, found.name);
    this.#settings.set(found.name, value.value);
    return value.end;
  }

  #assignVariable(from: number, variable: string): number {
    const value = this.#readValue(from);
    if (value === null) {
      this.#variables.delete(variable);
      return from;
    }
    const isArray = variable.startsWith("@");
    this.#variables.set(variable, isArray && typeof value.value === "string" ? [value.value] : value.value);
    return value.end;
  }

  #append(found: {
    readonly at: number;
    readonly from: number;
    readonly array: string | undefined;
    readonly list: string | undefined;
  }): number {
    const { at, from, array, list = "" } = found;
    const value = this.#readValue(from);
    const before = array === undefined ? this.#settings.get(list) : this.#variables.get(`@${array}`);
    if (value === null || (before === undefined && array !== undefined)) {
      if (array === undefined) return this.#skipComputed(at, from, list);
      this.#variables.delete(`@${array}`);
      return from;
    }
    const joined = [before ?? [], value.value].flat();
    if (array === undefined) this.#settings.set(list, joined);
    else this.#variables.set(`@${array}`, joined);
    return value.end;
  }

  /** Null: it is code, or stands in a condition or a function. */
  #readValue(from: number): ReturnType<typeof readValue> {
    if (this.#depth > 0) return null;
    return readValue(this.#source, from, { settings: this.#settings, variables: this.#variables });
  }

  #skipComputed(at: number, from: number, name: string): number {
    this.#unread.add(name);
    this.#warn(at, `${name} is computed there; set it by hand.`);
    return from;
  }

  /** @returns the position after what stands there; -1: nothing of the file counts any more */
  #readOther(at: number): number {
    const character = this.#source.charAt(at);
    if (character === '"' || character === "'") return findStringEnd(this.#source, at) ?? at + 1;
    const text = findPodEnd(this.#source, at) ?? readHereDocument(this.#source, at)?.end;
    if (text !== undefined) {
      this.#text.push({ from: at, end: text });
      return text;
    }
    if (END.test(this.#source.slice(at, at + 10))) {
      this.#text.push({ from: at, end: this.#source.length });
      return -1;
    }
    if (character === "{") this.#depth += 1;
    if (character === "}") this.#depth = Math.max(0, this.#depth - 1);
    return at + 1;
  }

  /** A quotation mark in a pattern hides what follows: no setting may be lost without a word. */
  #warnOfOverlooked(): void {
    const line = /^[ \t]*\$config\s*\{\s*["']?(\w{1,64})["']?\s*\}[^=\n]{0,20}=(?![=~>])/gm;
    for (const { index, 1: name = "" } of this.#source.matchAll(line)) {
      if (this.#settings.has(name) || this.#unread.has(name)) continue;
      if (this.#text.some(({ from, end }) => index >= from && index < end)) continue;
      this.#unread.add(name);
      this.#warn(index, `${name} could not be read there; set it by hand.`);
    }
  }

  #warn(at: number, text: string): void {
    const line = this.#source.slice(0, at).split("\n").length;
    this.#warnings.push(`config.pl, line ${line}: ${text}`);
  }
}
