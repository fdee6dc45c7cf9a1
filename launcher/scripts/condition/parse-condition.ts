import { quoteText, scriptError } from "../script-error.ts";
import type { Expression } from "./expression.ts";
import { compilePattern } from "./pattern.ts";
import { readToken, type ConditionToken } from "./condition-tokens.ts";

const MAX_CONDITION = 2000;
const MAX_DEPTH = 50;

/**
 * Reads `if(EXPR): REST`.
 * @returns the expression and where REST begins; null: the text has no condition
 * @throws LaunchError `SCRIPT_CONDITION`
 */
export function readCondition(text: string): { expression: Expression; end: number } | null {
  const [opening] = /^\s{0,100}if\s{0,10}\(/.exec(text) ?? [];
  if (opening === undefined) return null;
  const parser = new ConditionParser(text.slice(0, MAX_CONDITION), opening.length);
  const expression = parser.readOr(0);
  parser.expect(")");
  const [colon] = /^\s{0,100}:/.exec(text.slice(parser.at, parser.at + 101)) ?? [];
  if (colon === undefined) throw parser.fault("after if(…) there must be a colon");
  return { expression, end: parser.at + colon.length };
}

class ConditionParser {
  readonly #source: string;
  #at: number;

  constructor(source: string, from: number) {
    this.#source = source;
    this.#at = from;
  }

  get at(): number {
    return this.#at;
  }

  fault(what: string): Error {
    return scriptError("SCRIPT_CONDITION", `The condition ${quoteText(this.#source)} is wrong: ${what}.`);
  }

  expect(sign: string): void {
    if (!this.#skip(sign)) throw this.fault(`there must be ${sign}`);
  }

  readOr(depth: number): Expression {
    if (depth > MAX_DEPTH) throw this.fault("too many parts in each other");
    let left = this.#readAnd(depth);
    while (this.#skip("||")) left = { kind: "or", left, right: this.#readAnd(depth) };
    return left;
  }

  #readAnd(depth: number): Expression {
    let left = this.#readNot(depth);
    while (this.#skip("&&")) left = { kind: "and", left, right: this.#readNot(depth) };
    return left;
  }

  #readNot(depth: number): Expression {
    if (depth > MAX_DEPTH) throw this.fault("too many parts in each other");
    return this.#skip("!") ? { kind: "not", operand: this.#readNot(depth + 1) } : this.#readComparison(depth);
  }

  #readComparison(depth: number): Expression {
    const left = this.#readValue(depth);
    const token = this.#peek();
    if (token.kind !== "sign") throw this.fault("a sign is missing between two texts");
    switch (token.sign) {
      case "=~":
      case "!~": {
        this.#at = token.end;
        const pattern = this.#take();
        if (pattern.kind !== "pattern") throw this.fault(`after ${token.sign} there must be a /pattern/`);
        const compiled = compilePattern(pattern.source, pattern.ignoreCase);
        const matches: Expression = { kind: "matches", left, pattern: compiled };
        return token.sign === "=~" ? matches : { kind: "not", operand: matches };
      }
      case "==":
      case "!=": {
        this.#at = token.end;
        const equal: Expression = { kind: "equal", left, right: this.#readValue(depth) };
        return token.sign === "==" ? equal : { kind: "not", operand: equal };
      }
      case "<":
      case "<=":
        this.#at = token.end;
        return { kind: token.sign === "<" ? "less" : "lessOrEqual", left, right: this.#readValue(depth) };
      case ">":
      case ">=":
        this.#at = token.end;
        return {
          kind: token.sign === ">" ? "less" : "lessOrEqual",
          left: this.#readValue(depth),
          right: left,
        };
      default:
        return left;
    }
  }

  #readValue(depth: number): Expression {
    const token = this.#take();
    if (token.kind === "text") return { kind: "text", text: token.text };
    if (token.kind === "pattern") throw this.fault("a /pattern/ stands after =~ or !~ alone");
    if (token.sign !== "(") throw this.fault(`a text is missing before ${token.sign}`);
    const inner = this.readOr(depth + 1);
    this.expect(")");
    return inner;
  }

  #peek(): ConditionToken {
    return readToken(this.#source, this.#at);
  }

  #take(): ConditionToken {
    const token = this.#peek();
    this.#at = token.end;
    return token;
  }

  #skip(sign: string): boolean {
    const token = this.#peek();
    if (token.kind !== "sign" || token.sign !== sign) return false;
    this.#at = token.end;
    return true;
  }
}
