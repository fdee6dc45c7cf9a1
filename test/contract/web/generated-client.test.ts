// A client that is generated from docs/openapi.json alone does what a program does, at a real server with a real machine.
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@hey-api/openapi-ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { type PosternServer, runPostern, startServerProgram } from "../../support/postern.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { runProcess } from "../../support/test-process.ts";

const fromHere = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const TSC = fromHere("../../../node_modules/typescript-7/bin/tsc");
const PROJECT = {
  compilerOptions: {
    ...{ strict: true, target: "es2023", module: "nodenext", noEmit: true },
    ...{ allowImportingTsExtensions: true, erasableSyntaxOnly: true },
    ...{
      typeRoots: [fromHere("../../../node_modules/@types")],
      types: ["node"],
      lib: ["es2023", "dom", "dom.iterable"],
    },
  },
  files: ["program.ts"],
};

const cleanup = new CleanupStack();
let folder: string;
let server: PosternServer;

beforeAll(async () => {
  folder = await cleanup.makeFolder();
  [server] = await Promise.all([
    startServerProgram(cleanup, { command: "up", args: ["--accel", "tcg"] }),
    createClient({
      input: fromHere("../../../docs/openapi.json"),
      output: { path: path.join(folder, "api"), module: { extension: ".ts" } },
      plugins: ["@hey-api/typescript", "@hey-api/client-fetch", "@hey-api/sdk"],
      logs: { level: "silent" },
    }),
    copyFile(fromHere("../../support/client-program.ts.txt"), path.join(folder, "program.ts")),
    writeFile(path.join(folder, "tsconfig.json"), JSON.stringify(PROJECT)),
    writeFile(path.join(folder, "package.json"), `{"type":"module"}`),
  ]);
  const { stdout: ca } = await runPostern(["ca", "--data", server.data]);
  await writeFile(path.join(folder, "ca.pem"), ca);
});
afterAll(() => cleanup.close());

async function runProgram<T>(args: readonly string[], env: Readonly<Record<string, string>>): Promise<T> {
  const trust = { NODE_EXTRA_CA_CERTS: path.join(folder, "ca.pem") };
  const { code, stdout, stderr } = await runProcess(
    process.execPath,
    [path.join(folder, "program.ts"), ...args],
    {
      env: { ...process.env, ...trust, ORIGIN: server.origin, ...env },
    },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

test("signs in, makes a machine, connects, shares it and stops it; its types fit", async () => {
  const types = runProcess(TSC, ["-p", folder]);
  const { password = "" } = await server.ask<{ password?: string }>("user", "add", "lena", "--role", "user");
  const begun = await runProgram<{ apiToken: string; id: string; token: string }>(["begin"], {
    ...{ NAME: "lena", PASSWORD: password },
  });
  expect(begun).toMatchObject({ refusal: "IMAGE_UNKNOWN", greeting: "RFB 003.008\n", role: "view" });
  const guest = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  expect((await guest.handshake({ password: begun.token })).name).toBe("lab-1");
  const ended = await runProgram(["end", begun.id], { API_TOKEN: begun.apiToken });
  expect(ended).toEqual({ state: "stopped", left: 0 });
  expect(await types).toMatchObject({ code: 0, stdout: "" });
});
