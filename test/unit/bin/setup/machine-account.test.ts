import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { KeptText, loadSetup, makeProgress } from "./load-setup.ts";

interface System {
  readonly isRoot?: boolean;
  readonly passwdFile?: string;
  readonly root?: string;
  readonly systemData?: string;
  readonly env?: Record<string, string>;
}

const { makeMachineAccount, chooseDataFolder } = await loadSetup<{
  makeMachineAccount(progress: unknown, args: string[], system: System): Promise<void>;
  chooseDataFolder(progress: unknown, args: string[], system: System): string;
}>("machine-account.mjs");

const cleanup = new CleanupStack();
const searchPath = process.env["PATH"];
let folder: string;
let said: KeptText;
let progress: unknown;

beforeEach(async () => {
  folder = await cleanup.makeFolder();
  await chmod(folder, 0o755);
  said = new KeptText();
  progress = await makeProgress(said);
  await writeFile(path.join(folder, "passwd"), "root:x:0:0::/root:/bin/sh\n");
});
afterEach(async () => {
  process.env["PATH"] = searchPath;
  await cleanup.close();
});

/** A useradd that writes down what it was asked for, first on the search path. */
async function fakeUseradd(end: string): Promise<() => Promise<string>> {
  const tools = path.join(folder, "tools");
  await mkdir(tools);
  const log = path.join(folder, "asked");
  await writeFile(log, "");
  await writeFile(path.join(tools, "useradd"), `#!/bin/sh\necho "$@" >> ${log}\n${end}\n`, { mode: 0o755 });
  process.env["PATH"] = `${tools}:${searchPath ?? ""}`;
  return () => readFile(log, "utf8");
}

const rootSystem = (): System => ({ isRoot: true, passwdFile: path.join(folder, "passwd") });

test("as root, the account of machines is made, and set-up says so", async () => {
  const asked = await fakeUseradd("exit 0");
  await makeMachineAccount(progress, [], rootSystem());
  expect(await asked()).toMatch(/^--system .*--shell \/usr\/sbin\/nologin postern-vm\n$/);
  expect(said.text).toContain("machines run as it, not as root");
});

test("it is not made twice, nor beside another one, nor by anybody else", async () => {
  const asked = await fakeUseradd("exit 0");
  await makeMachineAccount(progress, ["--vm-user", "root"], rootSystem());
  await makeMachineAccount(progress, ["--vm-user=ada"], rootSystem());
  await makeMachineAccount(progress, [], { ...rootSystem(), isRoot: false });
  await writeFile(path.join(folder, "passwd"), "postern-vm:x:998:998::/:/bin/false\n");
  await makeMachineAccount(progress, [], rootSystem());
  expect(await asked()).toBe("");
});

test("a useradd that fails is told in its words, and set-up goes on", async () => {
  await fakeUseradd("echo no room in passwd >&2; exit 1");
  await makeMachineAccount(progress, [], rootSystem());
  expect(said.text).toContain("postern-vm could not be made: no room in passwd");
});

test("data lie where the account can come to them", async () => {
  const open = path.join(folder, "open");
  const closed = path.join(folder, "closed");
  await mkdir(open);
  await mkdir(path.join(closed, "postern"), { recursive: true });
  await chmod(closed, 0o700);
  const choose = (root: string, args: string[] = [], isRoot = true): string =>
    chooseDataFolder(progress, args, { isRoot, root, systemData: "/var/lib/elsewhere" });
  expect(choose(open)).toBe(".postern");
  expect(choose(path.join(closed, "postern"))).toBe("/var/lib/elsewhere");
  expect(said.text).toContain(`may not pass through ${closed}`);
  expect(choose(path.join(closed, "postern"), [], false)).toBe(".postern");
  expect(choose(path.join(closed, "postern"), ["--vm-user", "root"])).toBe(".postern");
  const env = { POSTERN_DATA: "/srv/p" };
  const system = { isRoot: true, root: path.join(closed, "postern"), systemData: "/var/lib/elsewhere", env };
  said.text = "";
  chooseDataFolder(progress, [], system);
  expect(said.text).toBe("");
  await mkdir(path.join(closed, "postern", ".postern"));
  expect(choose(path.join(closed, "postern"))).toBe(".postern");
});
