import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { runProcess } from "../../../support/test-process.ts";

const PROGRAMS = fileURLToPath(new URL("../../../../dist/bin", import.meta.url));

/** Prints the address of each file that the program loads. */
const LOOK = `
import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { if (url.startsWith("file:")) console.error(url); return next(url, context); } });
`;

async function listLoaded(...args: string[]): Promise<string[]> {
  const cleanup = new CleanupStack();
  const data = await cleanup.makeFolder();
  const look = `data:text/javascript,${encodeURIComponent(LOOK)}`;
  const all = ["--import", look, path.join(PROGRAMS, "main.js"), ...args];
  const { stderr } = await runProcess(process.execPath, all, { env: { ...process.env, POSTERN_DATA: data } });
  await cleanup.close();
  return stderr.split("\n").filter((line) => line.startsWith("file:"));
}

describe("the built programs", () => {
  it.each([[["--help"]], [["vm", "list"]]])("%j loads few files, all of them joined", async (args) => {
    const loaded = await listLoaded(...args);
    const elsewhere = loaded.filter((url) => path.dirname(fileURLToPath(url)) !== PROGRAMS);
    expect(elsewhere).toEqual([]);
    expect(loaded.length).toBeGreaterThan(1);
    expect(loaded.length).toBeLessThan(40);
  });

  it("have no piece that none of them loads", async () => {
    const pieces = (await readdir(PROGRAMS)).filter((name) => name.startsWith("chunk-"));
    const texts = await Promise.all(
      ["main.js", ...pieces].map((name) => readFile(path.join(PROGRAMS, name), "utf8")),
    );
    expect(pieces.filter((name) => !texts.some((text) => text.includes(`./${name}`)))).toEqual([]);
  });
});
