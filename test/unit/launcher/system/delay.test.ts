import { join } from "node:path";
import { expect, test } from "vitest";
import { runProcess } from "../../../support/test-process.ts";

test("a program that only waits for a pause does not end before it is over", async () => {
  const script = `
    import { runnerImport } from "vite";
    const load = async (file) => (await runnerImport(file, { configFile: false, logLevel: "error" })).module;
    const { delay } = await load("./launcher/system/delay.ts");
    const { systemClock } = await load("./protocol/index.ts");
    await delay(50, systemClock);
    console.log("over");
  `;
  const cwd = join(import.meta.dirname, "../../../..");
  const { code, stdout } = await runProcess(process.execPath, ["--input-type=module", "-e", script], { cwd });
  expect([code, stdout]).toEqual([0, "over\n"]);
});
