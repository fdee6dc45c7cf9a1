import { afterEach, expect, it, vi } from "vitest";
import { escapeUnprintable, formatTable, printResult } from "../../../../bin/terminal/output.ts";

const EVIL = "\u001b[2J\u001b]0;x\u0007a\nadmin\u202egnp\u0085\u2028";

afterEach(() => vi.restoreAllMocks());

it("names in a table neither reach the terminal as commands nor make rows, and columns fit what is shown", () => {
  const table = formatTable(
    ["NAME", "ID"],
    [
      [EVIL, "1"],
      ["lab", "2"],
    ],
  );
  expect(table.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu)).toEqual(["\n", "\n", "\n"]);
  const [title, first, second] = table.split("\n");
  expect(first).toContain("\\u{1b}[2J\\u{1b}]0;x\\u{7}a\\u{a}admin\\u{202e}gnp");
  expect(new Set([title!.indexOf("ID"), first!.lastIndexOf("1"), second!.lastIndexOf("2")]).size).toBe(1);
  expect(escapeUnprintable("Prüfstand 研究室")).toBe("Prüfstand 研究室");
});

it("a result keeps its lines, and its JSON its value", () => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  printResult(false, {}, () => `Removed ${EVIL}.\n`);
  expect(write.mock.lastCall?.[0]).toContain("Removed \\u{1b}[2J");
  printResult(true, { name: `${EVIL}\u{e0041}` }, () => "");
  const json = String(write.mock.lastCall?.[0]);
  expect(json.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu)).toEqual(["\n"]);
  expect(JSON.parse(json)).toEqual({ name: `${EVIL}\u{e0041}` });
});
