import { quoteText, scriptError } from "../script-error.ts";

export type ConditionToken =
  | { readonly kind: "text"; readonly text: string; readonly end: number }
  | { readonly kind: "pattern"; readonly source: string; readonly ignoreCase: boolean; readonly end: number }
  | { readonly kind: "sign"; readonly sign: string; readonly end: number };

const SIGNS = ["=~", "!~", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")"];
const WORDS: Readonly<Record<string, string>> = {
  eq: "==",
  ne: "!=",
  lt: "<",
  gt: ">",
  le: "<=",
  ge: ">=",
  and: "&&",
  or: "||",
  not: "!",
};

/** The token at `from`, blanks before it skipped. @throws LaunchError `SCRIPT_CONDITION` */
export function readToken(source: string, from: number): ConditionToken {
  let at = from;
  while (/\s/.test(source.charAt(at))) at += 1;
  const first = source.charAt(at);
  if (first === "") throw scriptError("SCRIPT_CONDITION", "The condition has no end: write if(…): script.");
  if (first === '"' || first === "'") {
    const { text, end } = readUntil(source, at + 1, first);
    return { kind: "text", text, end };
  }
  if (first === "/") {
    const { text, end } = readUntil(source, at + 1, "/", true);
    const ignoreCase = source.charAt(end) === "i";
    return { kind: "pattern", source: text, ignoreCase, end: ignoreCase ? end + 1 : end };
  }
  const sign = SIGNS.find((candidate) => source.startsWith(candidate, at));
  if (sign !== undefined) return { kind: "sign", sign, end: at + sign.length };
  const [word = ""] = /^[\w.@+-]{1,200}/.exec(source.slice(at, at + 200)) ?? [];
  const named = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (named !== undefined) return { kind: "sign", sign: named, end: at + word.length };
  // A bare number or symbol; other words are more likely a mistake, or a call of an unknown function.
  if (/^(-?\d+(\.\d+)?|@[A-Z_]+@)$/.test(word)) return { kind: "text", text: word, end: at + word.length };
  throw scriptError(
    "SCRIPT_CONDITION",
    `A condition may not have ${quoteText(source.slice(at, at + 20))}: texts stand in quotes.`,
  );
}

/** Up to the closing character; a backslash escapes the next one, and is kept in patterns. */
function readUntil(
  source: string,
  from: number,
  close: string,
  keepEscapes = false,
): { text: string; end: number } {
  let text = "";
  for (let at = from; at < source.length; at += 1) {
    const character = source.charAt(at);
    if (character === close) return { text, end: at + 1 };
    if (character === "\n") break;
    if (character !== "\\") {
      text += character;
      continue;
    }
    at += 1;
    const next = source.charAt(at);
    text += keepEscapes && next !== close ? `\\${next}` : next;
  }
  throw scriptError("SCRIPT_CONDITION", `A condition has a ${close} without its second one.`);
}
