import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { AdminApi } from "../../../bin/admin-api.ts";
import { openRuntimeDir } from "../../../bin/programs/data-dirs.ts";
import { answerWhileStarting } from "../../../bin/programs/start-socket.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
let dataDir: string;
beforeEach(async () => {
  const folder = await cleanup.makeFolder();
  vi.stubEnv("POSTERN_RUNTIME_DIR", folder);
  dataDir = path.join(folder, "data");
  await mkdir(dataDir);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await cleanup.close();
});

const ask = () => new AdminApi(dataDir).get("/machines", z.unknown());

test("no server: the command that starts the one of this folder", async () => {
  const message = (command: string) => `Start it with \`postern ${command} --data ${dataDir}\``;
  await expect(ask()).rejects.toMatchObject({
    code: "SERVER_NOT_RUNNING",
    message: expect.stringContaining(message("server")) as string,
  });
  await mkdir(path.join(dataDir, "host"));
  await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining(message("up")) as string });
});

test("a server that starts is no server that is missing, also where an earlier one left its file", async () => {
  const runtimeDir = await openRuntimeDir(dataDir);
  const end = await answerWhileStarting(runtimeDir);
  await expect(ask()).rejects.toMatchObject({ code: "SERVER_STARTING", exitCode: 3 });
  const adminSocket = path.join(runtimeDir, "admin.sock");
  await writeFile(path.join(dataDir, "runtime.json"), JSON.stringify({ pid: 1, adminSocket }));
  await expect(ask()).rejects.toMatchObject({ code: "SERVER_STARTING" });
  await end();
  await expect(ask()).rejects.toMatchObject({ code: "SERVER_NOT_RUNNING" });
});

test("what a killed start has left does not stand for one", async () => {
  const runtimeDir = await openRuntimeDir(dataDir);
  await writeFile(path.join(runtimeDir, "start.sock"), "");
  await expect(ask()).rejects.toMatchObject({ code: "SERVER_NOT_RUNNING" });
  const end = await answerWhileStarting(runtimeDir);
  await expect(ask()).rejects.toMatchObject({ code: "SERVER_STARTING" });
  await end();
});
