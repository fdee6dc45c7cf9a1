import { symbolValue, type ScriptSymbols } from "../script-symbols.ts";
import type { Pattern } from "./pattern.ts";

/** The condition between `if(` and `)`. */
export type Expression =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "equal" | "less" | "lessOrEqual"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "matches"; readonly left: Expression; readonly pattern: Pattern };

/** Whether a condition holds. A text is true unless it is empty or `0`. */
export function evaluateExpression(expression: Expression, symbols: ScriptSymbols): boolean {
  switch (expression.kind) {
    case "text":
    case "equal":
    case "less":
    case "lessOrEqual":
    case "matches": {
      const value = evaluate(expression, symbols);
      return value !== "" && value !== "0";
    }
    case "not":
      return !evaluateExpression(expression.operand, symbols);
    case "and":
      return evaluateExpression(expression.left, symbols) && evaluateExpression(expression.right, symbols);
    case "or":
      return evaluateExpression(expression.left, symbols) || evaluateExpression(expression.right, symbols);
  }
}

function evaluate(expression: Expression, symbols: ScriptSymbols): string {
  switch (expression.kind) {
    case "text":
      // The exact value: it is only compared and never becomes part of a command.
      return expression.text.replaceAll(
        /@([A-Z][A-Z_]{0,15})@/g,
        (whole, name: string) => symbolValue(name, symbols) ?? whole,
      );
    case "equal":
      return truth(compare(expression.left, expression.right, symbols) === 0);
    case "less":
      return truth(compare(expression.left, expression.right, symbols) < 0);
    case "lessOrEqual":
      return truth(compare(expression.left, expression.right, symbols) <= 0);
    case "matches":
      return truth(expression.pattern.occursIn(evaluate(expression.left, symbols)));
    default:
      return truth(evaluateExpression(expression, symbols));
  }
}

/** As numbers when both are numbers, else as texts. */
function compare(left: Expression, right: Expression, symbols: ScriptSymbols): number {
  const [one, other] = [evaluate(left, symbols), evaluate(right, symbols)];
  const number = /^-?\d{1,15}(\.\d{1,15})?$/;
  if (number.test(one) && number.test(other)) return Number(one) - Number(other);
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function truth(value: boolean): string {
  return value ? "1" : "";
}
