import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { describeField } from "../../../../bin/terminal/describe-field.ts";
import { findProgramName, nameProgram, quoteWord } from "../../../../bin/terminal/program-name.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

it("is `postern` where that finds it, else the path by which it was started", async () => {
  const folder = await cleanup.makeFolder();
  const program = join(folder, "my bin", "postern");
  await mkdir(join(folder, "my bin"));
  await mkdir(join(folder, "path"));
  await writeFile(program, "");
  const env = { POSTERN_STARTED_AS: program, PATH: join(folder, "path") };
  expect(findProgramName(env)).toBe(`'${program}'`);
  await symlink(program, join(folder, "path", "postern"));
  expect(findProgramName(env)).toBe("postern");
  expect(findProgramName({})).toBe("postern");
});

it("replaces the name in commands, and in no other sentence", () => {
  const text =
    "Start it with `postern server --data x`, or: postern vm list\n  postern up\nThe postern is small.";
  expect(nameProgram(text, "bin/postern")).toBe(
    "Start it with `bin/postern server --data x`, or: bin/postern vm list\n  bin/postern up\nThe postern is small.",
  );
});

it("quotes a word for a shell only where it has to be", () => {
  expect(["/var/lib/x", "a b", "it's"].map(quoteWord)).toEqual(["/var/lib/x", "'a b'", `'it'\\''s'`]);
});

it("names a field of the API by the option that was given, else in words", () => {
  expect(describeField("memoryMb", ["--memory", "8"])).toBe("--memory");
  expect(describeField("dataDisk.sizeGb", ["--data-disk=x:1"])).toBe("--data-disk");
  expect(describeField("ttlSeconds", [])).toBe("the ttl");
  expect(describeField("oneShot", [])).toBe("the one shot");
});
