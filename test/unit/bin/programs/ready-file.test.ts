import { readFile } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import { writeReadyFile } from "../../../../bin/programs/ready-file.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.close();
});

test("the file is written; where it cannot be, that is said, and the program goes on", async () => {
  const folder = await cleanup.makeFolder();
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const log = pino({ level: "silent" });
  const file = path.join(folder, "ready.json");
  await writeReadyFile(file, { listen: 1 }, log);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ listen: 1 });
  await writeReadyFile(undefined, {}, log);
  expect(said).not.toHaveBeenCalled();
  await writeReadyFile(path.join(folder, "missing", "ready.json"), {}, log);
  expect(said).toHaveBeenCalledWith(expect.stringContaining("the ready file could not be written: "));
});
