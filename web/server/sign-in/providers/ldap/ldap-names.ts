/** Filters and distinguished names with something typed or found in them. */

const FILTER_SPECIAL = /[\0()*\\]/g;
const DN_SPECIAL = /["+,;<=>\\]|^[ #]| $/g;

/** RFC 4515: what is special in a filter is `\` and its byte in hex. */
function escapeFilterValue(value: string): string {
  return value.replace(FILTER_SPECIAL, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** RFC 4514: what is special in a distinguished name has `\` before it. */
function escapeDnValue(value: string): string {
  return value.replace(DN_SPECIAL, (one) => `\\${one}`).replaceAll("\0", "\\00");
}

/** Puts values in the places of `{name}` and `{dn}`, all at once: a value that looks like a place is none. */
function fillTemplate(
  template: string,
  values: Readonly<Record<string, string>>,
  escape: (value: string) => string,
): string {
  return template.replace(/\{(name|dn)\}/g, (place, key: string) => {
    const value = values[key];
    return value === undefined ? place : escape(value);
  });
}

export function fillFilter(
  template: string,
  values: { readonly name: string; readonly dn?: string },
): string {
  return fillTemplate(template, values, escapeFilterValue);
}

/** The filter that finds everybody whom `template` can find. */
export function widenFilter(template: string): string {
  return fillTemplate(template, { name: "*" }, (value) => value);
}

/** Whether a bind template is a distinguished name; otherwise it is Active Directory's `{name}@DOMAIN` or `DOMAIN\{name}`. */
export function isDnTemplate(template: string): boolean {
  return template.includes("=");
}

/** What is bound as. Null: no such person can be. */
export function fillBindTemplate(template: string, name: string): string | null {
  if (isDnTemplate(template)) return fillTemplate(template, { name }, escapeDnValue);
  // Nothing can be escaped there.
  return /^[\p{L}\p{N}._-]+$/u.test(name) ? fillTemplate(template, { name }, (value) => value) : null;
}

/**
 * Whether somebody may be called so. Directories overlook blanks and what is not seen: a name that is written in a thousand ways
 * would be guessed at a thousand times as often.
 */
export function isPlainName(name: string): boolean {
  return (
    name === name.normalize("NFKC") &&
    /^[^\s\p{C}\p{Default_Ignorable_Code_Point}]+(?: [^\s\p{C}\p{Default_Ignorable_Code_Point}]+)*$/u.test(
      name,
    )
  );
}

/** The `cn` that a distinguished name begins with, unescaped. Null: it begins with something else. */
export function readCommonName(dn: string): string | null {
  const begin = /^ *cn *= */i.exec(dn)?.[0];
  if (begin === undefined || dn[begin.length] === "#") return null;
  // One piece at a time: a byte in hex, a character that is escaped, or one that is not. RFC 4514
  const pieces = dn.slice(begin.length).matchAll(/\\([0-9a-f]{2})|\\(.)|([^\\,;+])|[,;+\\]/giu);
  const bytes: Buffer[] = [];
  for (const [, byte, escaped, plain] of pieces) {
    const character = escaped ?? plain;
    if (byte !== undefined) bytes.push(Buffer.from(byte, "hex"));
    else if (character !== undefined) bytes.push(Buffer.from(character));
    else break;
  }
  const name = Buffer.concat(bytes).toString("utf8").trim();
  return name === "" ? null : name;
}
