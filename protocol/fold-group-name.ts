import { isUtf8 } from "node:buffer";
import { foldName } from "./fold-name.ts";

const PART = /^[\p{L}\p{N}._-]+$/u;
/** A directory overlooks how many blanks there are. */
const BLANKS = /\s+/g;
const SPECIAL = /[\\"+,;<=>]/g;

/**
 * As names of groups are compared: like other names, and distinguished names whatever their blanks, and however their characters
 * are escaped. `OU=a, dc=b` and `ou=a,dc=b` are one; what is no distinguished name is a name.
 * @see RFC 4514
 */
export function foldGroupName(name: string): string {
  return foldDistinguishedName(name) ?? foldName(name);
}

function foldDistinguishedName(name: string): string | null {
  const parts = splitUnescaped(name, ",;").map((part) => {
    const pairs = splitUnescaped(part, "+").map(foldPair);
    // What is named by two attributes is the same in either order.
    return pairs.some((pair) => pair === null) ? null : pairs.sort().join("+");
  });
  return parts.some((part) => part === null) ? null : parts.join(",");
}

/** `attribute=value`; null: it is none. */
function foldPair(pair: string): string | null {
  const equals = pair.indexOf("=");
  const attribute = pair.slice(0, Math.max(equals, 0)).trim();
  if (!PART.test(attribute)) return null;
  const value = readValue(pair.slice(equals + 1));
  if (value === null) return null;
  const folded = foldName(value).replaceAll(BLANKS, " ").trim();
  return `${foldName(attribute)}=${folded.replaceAll(SPECIAL, (one) => `\\${one}`)}`;
}

/** The value without its escapes; null: they are wrong. */
function readValue(text: string): string | null {
  const trimmed = text.trimStart();
  const quoted = /^"(.*)"\s*$/su.exec(trimmed)?.[1];
  const bytes: Buffer[] = [];
  let rest = quoted ?? trimmed;
  while (rest !== "") {
    const [all, hex, escaped, plain] = /^(?:\\([0-9a-f]{2})|\\([^0-9a-z])|([^\\]+))/iu.exec(rest) ?? [];
    if (all === undefined) return null;
    bytes.push(hex === undefined ? Buffer.from(escaped ?? plain ?? "") : Buffer.from(hex, "hex"));
    rest = rest.slice(all.length);
  }
  const value = Buffer.concat(bytes);
  return isUtf8(value) ? value.toString("utf8") : null;
}

/** Neither what has `\` before it nor what stands in quotes separates. */
function splitUnescaped(text: string, separators: string): string[] {
  const parts: string[] = [];
  let [begin, isQuoted] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && separators.includes(character)) {
      parts.push(text.slice(begin, at));
      begin = at + 1;
    }
  }
  parts.push(text.slice(begin));
  return parts;
}
