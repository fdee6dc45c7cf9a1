import type { Command } from "commander";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createProgram } from "../../../bin/program.ts";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildHostCommand } from "../../../web/client/admin/host-commands.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A program with all commands, which does nothing and prints nothing. */
async function loadProgram(): Promise<Command> {
  const program = createProgram();
  for (const command of program.commands) {
    command.configureOutput({ writeOut: () => undefined });
    // Like every use of a command, this one loads it first.
    await expect(program.parseAsync([command.name(), "--help"], { from: "user" })).rejects.toMatchObject({
      code: "commander.helpDisplayed",
    });
  }
  // What they would load again is there already.
  Reflect.set(program, "_lifeCycleHooks", {});
  for (const command of listCommands(program)) {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    if (command.parent !== null) command.action(() => undefined);
  }
  return program;
}

function listCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** The help as a person reads it, examples and all. */
function readHelp(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

/** A line as a shell splits it, as far as examples go. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/g)].map(([word, one, two]) => one ?? two ?? word);
}

/** Commands in a text, continued lines joined; what is left out of it (`…`) makes it no command to copy. */
function findCommands(text: string): string[] {
  return text
    .replaceAll(/\s*\\\n\s*/g, " ")
    .split("\n")
    .map((line) => /^\s*(?:[A-Z_]+=\S+\s+)*((?:bin\/)?postern\s.*)$/.exec(line)?.[1] ?? "")
    .map((line) => line.replace(/\s{2,}[^\s-].*$/, "").replace(/\s*(?:[|>#]|&&).*$/, ""))
    .filter((line) => line !== "" && !line.includes("…") && !line.includes("|"));
}

async function complainOf(program: Command, line: string): Promise<string | null> {
  const [, ...args] = splitWords(line);
  try {
    await program.parseAsync(args, { from: "user" });
    return null;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === "commander.helpDisplayed" ? null : `${line}: ${message}`;
  }
}

let all: Command[];
beforeAll(async () => {
  all = listCommands(await loadProgram());
});

it("every command's help has an example of that command", () => {
  const without = all
    .filter((command) => command.name() !== "help")
    .filter((command) => !new RegExp(`^ {2}${pathOf(command)}( |$)`, "m").test(readHelp(command)))
    .map(pathOf);
  expect(without).toEqual([]);
});

describe("what is printed to be copied can be run", () => {
  it("in the help of every command", async () => {
    const wrong: (string | null)[] = [];
    for (const command of all)
      for (const line of findCommands(readHelp(command)))
        wrong.push(await complainOf(await loadProgram(), line));
    expect(wrong.filter((complaint) => complaint !== null)).toEqual([]);
  });

  it("in the documents, by the program's path", async () => {
    const names = (await readdir(path.join(ROOT, "docs"))).filter((name) => name.endsWith(".md"));
    const wrong: (string | null)[] = [];
    let count = 0;
    for (const name of ["README.md", ...names.map((one) => `docs/${one}`)]) {
      const text = await readFile(path.join(ROOT, name), "utf8");
      for (const [, block = ""] of text.matchAll(/^```(?:sh)?\n([\s\S]*?)^```$/gm))
        for (const line of findCommands(block)) {
          count += 1;
          if (!line.startsWith("bin/")) wrong.push(`${name}: ${line}: say bin/postern`);
          else wrong.push(await complainOf(await loadProgram(), line));
        }
    }
    expect(wrong.filter((complaint) => complaint !== null)).toEqual([]);
    expect(count).toBeGreaterThan(15);
  });

  it("in the page that connects a host", async () => {
    const service = {
      fingerprint: "ab".repeat(32),
      web: { host: "::1", port: 8443 },
      rfb: null,
      viewerFingerprint: "00-11-22-33-44-55-66-77",
      joinCommand: null,
    };
    for (const kind of ["publish", "machines"] as const)
      for (const line of findCommands(buildHostCommand(kind, service, "s3cret")))
        expect(await complainOf(await loadProgram(), line)).toBeNull();
  });
});

describe("a word that is no command", () => {
  it.each([
    [["nonsense"], /^error: unknown command 'nonsense'\n\(`--help`/],
    [["tokens", "list", "--data", "x"], /unknown command 'tokens'\n\(Did you mean token\?\)/],
    [["agent", "lst", "--data", "x"], /unknown command 'lst'\n\(Did you mean list\?\)/],
    [["ca", "rotte"], /unknown command 'rotte'\n\(Did you mean rotate\?\)/],
    [["vm", "stat", "x"], /unknown command 'stat'\n\(Did you mean start\?\)/],
    [["--nonsense"], /unknown option '--nonsense'/],
  ])("%j is named, with what may be meant", async (args, words) => {
    const program = createProgram();
    let said = "";
    const write = vi
      .spyOn(process.stderr, "write")
      .mockImplementation((text) => (said += String(text)) !== "");
    await expect(program.parseAsync(args, { from: "user" })).rejects.toMatchObject({
      exitCode: expect.any(Number) as number,
    });
    write.mockRestore();
    expect(said).toMatch(words);
  });
});
