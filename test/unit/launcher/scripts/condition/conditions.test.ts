import { describe, expect, it } from "vitest";
import { evaluateExpression } from "../../../../../launcher/scripts/condition/expression.ts";
import { readCondition } from "../../../../../launcher/scripts/condition/parse-condition.ts";
import { compilePattern } from "../../../../../launcher/scripts/condition/pattern.ts";
import { symbols } from "../symbols.ts";

function judge(condition: string): boolean {
  return evaluateExpression(readCondition(`if(${condition}): exec: true`)!.expression, symbols);
}

describe("conditions", () => {
  it.each([
    ['"@VM@" =~ /debian/', true],
    ['"@VM@" =~ /DEBIAN/', false],
    ['"@VM@" =~ /DEBIAN/i', true],
    ['"@VM@" !~ /windows/i', true],
    ["@VM@ =~ /^debian-(desktop|server)$/", true],
    ['"@USER@" eq "ada"', true],
    ['"@USER@" == "bob"', false],
    ["'@USER@' != 'bob' && '@VM@' =~ /desktop$/", true],
    ['"@USER@" =~ /bob/ || "@USER@" =~ /^ada$/', true],
    ['"@USER@" eq "bob" or "@USER@" eq "ada" and "@VM@" eq "x"', false],
    ['("@USER@" eq "ada" or "@USER@" eq "bob") and not "@VM@" eq "x"', true],
    ["!(1 == 1)", false],
    ["9 < 10", true],
    ['"b" > "a"', true],
    ["10 <= 10", true],
    ["2 >= 10", false],
    ["0", false],
    ['""', false],
    ['"0.0" == 0', true],
    ['"@NOBODY@" eq "@NOBODY@"', true],
    ['"say \\"hi\\"" =~ /"hi"/', true],
    ['"a/b" =~ /a\\/b/', true],
  ])("%s is %s", (condition, expected) => {
    expect(judge(condition)).toBe(expected);
  });

  it("ends where its bracket does, whatever is in the texts", () => {
    const text = 'if ( ")" eq ")" ) : exec: echo if(no): b';
    expect(text.slice(readCondition(text)!.end)).toBe(" exec: echo if(no): b");
    expect(readCondition("exec: if (true)")).toBeNull();
    expect(readCondition("#!/bin/sh\nif(1): x")).toBeNull();
  });

  it.each([
    ["if(1) exec: a", "colon"],
    ["if(1: exec: a", "texts stand in quotes"],
    ['if(1 "a"): exec: a', "sign is missing"],
    ["if((1): exec: a", "texts stand in quotes"],
    ["if(): a", "missing before )"],
    ["if(system('x')): a", "texts stand in quotes"],
    ["if($x eq 1): a", "texts stand in quotes"],
    ['if("a" "b"): a', "sign is missing"],
    ['if("a" =~ "b"): a', "/pattern/"],
    ["if(/a/): a", "=~ or !~"],
    ['if("a): a', "second one"],
    ['if("a" =~ /(/): a', "( without )"],
    ["if(" + "(".repeat(100) + "1", "in each other"],
    ["if(" + "!".repeat(100) + "1): a", "in each other"],
    ["if(", "no end"],
  ])("%s is refused", (text, why) => {
    expect(() => readCondition(text)).toThrow(
      expect.objectContaining({ code: "SCRIPT_CONDITION", safeMessage: expect.stringContaining(why) }),
    );
  });

  it("compares the exact value, and never reads it as a condition", () => {
    const hostile = { ...symbols, user: '" || 1 || "$(touch /x)' };
    const { expression } = readCondition('if("@USER@" eq "ada"): a')!;
    expect(evaluateExpression(expression, hostile)).toBe(false);
    expect(evaluateExpression(readCondition('if("@USER@" =~ /touch \\/x/): a')!.expression, hostile)).toBe(
      true,
    );
  });
});

describe("patterns", () => {
  const rows: [pattern: string, flags: string, texts: Record<string, boolean>][] = [
    ["", "", { "": true, a: true }],
    ["^$", "", { "": true, a: false }],
    ["a.c", "", { abc: true, xabcx: true, ac: false }],
    ["a*b+c?$", "", { b: true, aabbc: true, ac: false }],
    ["^(ab|c)+$", "", { abcab: true, abca: false }],
    ["(?:x|)y", "", { y: true, xy: true, x: false }],
    ["[a-c]\\d[^x]", "", { b7y: true, b7x: false, d7y: false }],
    ["[]a]", "", { "]": true, a: true, b: false }],
    ["[a-]$", "", { "-": true, b: false }],
    ["\\.iso$", "", { "slax.iso": true, slaxiso: false }],
    ["^\\w+\\s\\W\\D$", "", { "ab_1 -x": true, "ab 12": false }],
    ["É", "i", { é: true, e: false }],
    ["[^A]", "i", { a: false, b: true }],
    ["^(a|b|^c)", "", { c: true, xc: false }],
    ["(a*)*b", "", { b: true, aaa: false }],
  ];
  it.each(rows)("/%s/%s as JavaScript's own", (source, flags, texts) => {
    const pattern = compilePattern(source, flags === "i");
    for (const [text, expected] of Object.entries(texts)) expect(pattern.occursIn(text), text).toBe(expected);
    // What JavaScript says about the same, where it knows the same syntax.
    if (source !== "[]a]") {
      const own = new RegExp(source, flags);
      for (const text of Object.keys(texts)) expect(own.test(text), text).toBe(pattern.occursIn(text));
    }
  });

  it.each([
    "(",
    ")",
    "*",
    "a**",
    "a{2}",
    "[a",
    "[b-a]",
    "\\",
    "\\1",
    "\\b",
    "(?=a)",
    "(?<n>a)",
    "a".repeat(257),
  ])("%s is refused", (source) => {
    expect(() => compilePattern(source, false)).toThrow(
      expect.objectContaining({ code: "SCRIPT_CONDITION" }),
    );
  });

  it("takes no more steps than pattern and text are long, where backtracking would never end", () => {
    const pattern = compilePattern("^(a+)+(a|aa)+(.*)*b$", false);
    // 2^5000 ways to try: an engine that backtracks does not come back.
    expect(pattern.occursIn("a".repeat(5000))).toBe(false);
  });
});
