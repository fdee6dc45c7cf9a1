import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createProgram } from "../../../../bin/program.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
let folder: string;

beforeAll(async () => {
  folder = await cleanup.makeFolder();
  for (const shell of ["bash", "zsh", "fish"]) {
    let script = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      script += String(text);
      return true;
    });
    await createProgram().parseAsync(["completion", shell], { from: "user" });
    write.mockRestore();
    await writeFile(path.join(folder, shell), script);
  }
});
afterAll(() => cleanup.close());

/** What bash offers when TAB is pressed behind the last word. */
function completeInBash(...words: string[]): string[] {
  const text = ["postern", ...words].map((word) => `'${word}'`).join(" ");
  const code = `source ${folder}/bash; COMP_WORDS=(${text}); COMP_CWORD=${words.length}; _postern; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", code], { encoding: "utf8" }).trim().split("\n");
}

test("bash: commands, subcommands, options, and values that are known", () => {
  expect(completeInBash("up")).toEqual(["up"]);
  expect(completeInBash("user", "dis")).toEqual(["disable"]);
  expect(completeInBash("vm", "list", "--se")).toEqual(["--server"]);
  expect(completeInBash("user", "add", "anna", "--role", "")).toEqual([
    "user",
    "operator",
    "admin",
    "auditor",
  ]);
  expect(completeInBash("api-token", "create", "--scope", "m")).toEqual(["machines"]);
  expect(completeInBash("completion", "f")).toEqual(["fish"]);
  // Behind an option with a value that nobody knows: files, which bash adds by itself.
  expect(completeInBash("vm", "no-such-")).toEqual([""]);
});

test("fish: the same", () => {
  const complete = (line: string) =>
    execFileSync("fish", ["-c", `source ${folder}/fish; complete -C ${JSON.stringify(line)}`], {
      encoding: "utf8",
    })
      .split("\n")
      .map((row) => row.split("\t")[0]);
  expect(complete("postern user dis")).toContain("disable");
  expect(complete("postern user add anna --role ")).toEqual(expect.arrayContaining(["operator", "auditor"]));
  expect(complete("postern vm list --se")).toContain("--server");
  expect(complete("postern vm l")).not.toContain("login");
});

test("zsh takes the script", () => {
  expect(execFileSync("zsh", ["-n", path.join(folder, "zsh")], { encoding: "utf8" })).toBe("");
});
