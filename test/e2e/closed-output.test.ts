import { expect, test } from "vitest";
import { POSTERN } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";

test("a reader that goes before the output comes is no failure", async () => {
  const script = 'set -o pipefail; "$1" up --help | true';
  const { code, stderr } = await runProcess("bash", ["-c", script, "bash", POSTERN]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
