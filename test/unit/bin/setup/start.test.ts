import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { runProcess, startProcess } from "../../../support/test-process.ts";
import { loadSetup } from "./load-setup.ts";

const { chooseArguments } = await loadSetup<{
  chooseArguments(given: string[], data: string, env?: Record<string, string>): string[];
}>("start-all.mjs");

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

test("what the person says replaces our default", () => {
  expect(chooseArguments([], ".postern", {})).toEqual([
    "up",
    ...["--listen", "127.0.0.1:8443", "--rfb-listen", "127.0.0.1:5900", "--data", ".postern"],
  ]);
  expect(chooseArguments(["--listen=0.0.0.0:443", "--data", "/srv/p"], ".postern", {})).toEqual([
    "up",
    ...["--rfb-listen", "127.0.0.1:5900", "--listen=0.0.0.0:443", "--data", "/srv/p"],
  ]);
});

test("so does what the environment says; an empty variable says nothing", () => {
  const env = { POSTERN_LISTEN: "127.0.0.1:9443", POSTERN_DATA: "/srv/p", POSTERN_RFB_LISTEN: "" };
  expect(chooseArguments([], ".postern", env)).toEqual(["up", "--rfb-listen", "127.0.0.1:5900"]);
  expect(chooseArguments(["--data", "here"], ".postern", env)).toEqual([
    "up",
    ...["--rfb-listen", "127.0.0.1:5900", "--data", "here"],
  ]);
});

/** A checkout with the real set-up scripts, an installed nothing, and this as its bin/postern. */
async function makeCheckout(postern: string): Promise<{ folder: string; env: NodeJS.ProcessEnv }> {
  const folder = await cleanup.makeFolder();
  await chmod(folder, 0o755);
  await cp(fileURLToPath(new URL("../../../../bin/setup", import.meta.url)), path.join(folder, "bin/setup"), {
    recursive: true,
  });
  await mkdir(path.join(folder, "node_modules"));
  const files: Record<string, string> = {
    "package.json": '{ "type": "module" }',
    "package-lock.json": '{ "packages": {} }',
    "node_modules/.package-lock.json": '{ "packages": {} }',
    "bin/postern": `#!/bin/sh\n${postern}\n`,
    "tools/dpkg-query": '#!/bin/sh\nfor name in "$@"; do printf \'%s\\tinstalled\\n\' "$name"; done\n',
  };
  await mkdir(path.join(folder, "tools"));
  // Nothing of the system is changed where the tests run as root.
  files["tools/useradd"] = "#!/bin/sh\n";
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  for (const name of ["bin/postern", "tools/dpkg-query", "tools/useradd"])
    await chmod(path.join(folder, name), 0o755);
  const PATH = `${path.join(folder, "tools")}:${process.env["PATH"] ?? ""}`;
  return { folder, env: { ...process.env, PATH } };
}

describe("npm start", () => {
  test("passes arguments on and ends with the program's status", async () => {
    const { folder, env } = await makeCheckout('echo "got $*"; echo "as $POSTERN_STARTED_BY"; exit 7');
    const start = path.join(folder, "bin/setup/start.mjs");
    const { code, stdout } = await runProcess(process.execPath, [start, "--accel", "tcg"], { env });
    expect(stdout).toContain("--data .postern --accel tcg\n");
    expect(stdout).toContain("as npm start --\n");
    expect(code).toBe(7);
  });

  test("passes SIGTERM on and waits for the program to end", async () => {
    const { folder, env } = await makeCheckout(
      "trap 'echo ending; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
    );
    const child = startProcess(cleanup, process.execPath, [path.join(folder, "bin/setup/start.mjs")], {
      env,
    });
    await child.waitForOutput(/ready/);
    expect(await child.stop()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/ending\n$/);
  });
});

describe("npm run build", () => {
  test("--if-source leaves an installation without sources alone", async () => {
    const { folder, env } = await makeCheckout("");
    const build = path.join(folder, "bin/setup/build.mjs");
    expect(await runProcess(process.execPath, [build, "--if-source"], { env })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    const asked = await runProcess(process.execPath, [build], { env });
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining("Run `npm ci`") as unknown });
  });
});
