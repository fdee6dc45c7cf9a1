import { expect, test } from "vitest";
import { formatProgress, ProgressLine } from "../../../../bin/terminal/progress-line.ts";

function watch(isTTY: boolean) {
  const written: string[] = [];
  let now = 0;
  const screen = { isTTY, columns: 60, write: (text: string) => written.push(text) };
  const line = new ProgressLine(screen, () => now);
  return { line, written, wait: (ms: number) => (now += ms) };
}

test("a bar, a percentage, and what it is at", () => {
  expect(formatProgress({ title: "Download", fraction: 0.5, note: "1 of 2 MiB" })).toBe(
    `[${"█".repeat(12)}${"░".repeat(12)}]  50 %  Download  1 of 2 MiB`,
  );
  expect(formatProgress({ title: "Download" })).toBe("Download");
});

test("a program's control characters do not reach the terminal", () => {
  expect(formatProgress({ title: "Build", note: "a\x1b[2Jb\x07" })).toBe("Build  a [2Jb ");
});

test("on a terminal one line is drawn over, no wider than it, and cleared at the end", () => {
  const { line, written } = watch(true);
  line.show({ title: "Convert", fraction: 0.1, note: "x".repeat(200) });
  line.clear();
  expect(written[0]?.startsWith("\r\x1b[2K[")).toBe(true);
  expect(written[0]?.length).toBe(5 + 59);
  expect(written.at(-1)).toBe("\r\x1b[2K");
});

test("elsewhere a JSON object a line: each title, the end, and one a second", () => {
  const { line, written, wait } = watch(false);
  line.show({ title: "A", fraction: 0 });
  line.show({ title: "A", fraction: 0.1 });
  wait(1000);
  line.show({ title: "A", fraction: 0.20004 });
  line.show({ title: "A", fraction: 1 });
  line.show({ title: "B", note: "x" });
  line.clear();
  expect(written.map((text) => (JSON.parse(text) as { progress: object }).progress)).toEqual([
    { title: "A", fraction: 0 },
    { title: "A", fraction: 0.2 },
    { title: "A", fraction: 1 },
    { title: "B", note: "x" },
  ]);
});
