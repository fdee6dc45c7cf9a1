// A log on a disk that is full ends no program, and the log says afterwards what is missing.
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { PosternServer } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const LISTEN = ["--listen", "127.0.0.1:0", "--rfb-listen", "none"];

async function startServer(...more: string[]): Promise<PosternServer> {
  const server = new PosternServer(await cleanup.makeFolder(), ["server", ...LISTEN, ...more]);
  cleanup.add(server);
  await server.start();
  return server;
}

test("a server whose log goes to a full device starts, works and stops", async () => {
  const server = await startServer("--log-file", "/dev/full", "--log-level", "debug");
  expect(await server.ask("token", "list")).toEqual([]);
  expect(await server.stopProcess()).toMatchObject({ code: 0 });
});

/** A small disk needs root to be mounted. */
const testOnSmallDisk = process.getuid?.() === 0 ? test : () => undefined;

testOnSmallDisk("it counts the lines that are lost, and says so when there is room", async () => {
  const logs = path.join(await cleanup.makeFolder(), "logs");
  await mkdir(logs);
  const mounted = await runProcess("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", logs]);
  expect(mounted).toMatchObject({ code: 0, stderr: "" });
  cleanup.add({ stop: () => runProcess("umount", ["-l", logs]) });
  const logFile = path.join(logs, "server.log");
  const server = await startServer("--log-file", logFile, "--log-level", "debug");
  const filler = path.join(logs, "filler");
  const full = await runProcess("sh", ["-c", 'cat /dev/zero > "$1"', "sh", filler]);
  expect(full.stderr).toMatch(/No space left/);
  // The page that the log's end is on has room for some lines still: empty ones fill it.
  await runProcess("sh", ["-c", 'yes "" >> "$1"', "sh", logFile]);
  const readLog = () => readFile(logFile, "utf8");
  const before = await readLog();
  expect(await server.ask("token", "list")).toEqual([]);
  expect(await readLog()).toBe(before);
  await rm(filler);
  await server.ask("token", "list");
  const after = (await readLog()).slice(before.length).split("\n").filter(Boolean);
  const [word, next] = after.map((line) => JSON.parse(line) as { event: string; lines?: number });
  expect(word).toMatchObject({ event: "log.lost", why: "ENOSPC" });
  expect(word!.lines).toBeGreaterThan(0);
  expect(next).toMatchObject({ event: "http.request" });
});
