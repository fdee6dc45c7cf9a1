const QUOTE = 0x22;
const COMMA = 0x2c;
const ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;

/**
 * Whether a JSON text has at most so many marks: brackets that open, commas, and strings. Reading JSON costs time and memory by
 * these and not by its bytes: a megabyte of `[]` takes fifty times as long as a megabyte of picture. The text need not be JSON.
 */
export function hasFewJsonMarks(json: Buffer, limit: number): boolean {
  let marks = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte !== QUOTE && byte !== COMMA && byte !== ARRAY && byte !== OBJECT) continue;
    marks += 1;
    if (marks > limit) return false;
    if (byte === QUOTE) at = findStringEnd(json, at + 1);
  }
  return true;
}

/** The closing quote of a string that begins here, or the text's end. */
function findStringEnd(json: Buffer, start: number): number {
  const quote = json.indexOf(QUOTE, start);
  if (quote < 0) return json.length;
  if (json[quote - 1] !== BACKSLASH) return quote;
  for (let at = start; at < json.length; at += 1) {
    if (json[at] === BACKSLASH) at += 1;
    else if (json[at] === QUOTE) return at;
  }
  return json.length;
}
