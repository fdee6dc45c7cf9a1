import { afterEach, beforeEach, expect, test } from "vitest";
import { judgeProbe } from "../../../../launcher/accel/judge-probe.ts";
import { runProbeGuest } from "../../../../launcher/accel/probe-accel.ts";
import { systemClock } from "../../../../protocol/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

let cleanup: CleanupStack;
beforeEach(() => {
  cleanup = new CleanupStack();
});
afterEach(() => cleanup.close());

test("the probe guest counts in real mode and in long mode, and ends by itself", async () => {
  const run = await runProbeGuest({
    program: "qemu-system-x86_64",
    accel: "tcg",
    scratchDir: await cleanup.makeFolder(),
    clock: systemClock,
    timeoutMs: 20_000,
  });
  expect(run.markers.A).toBeGreaterThan(0);
  expect(run.markers.B).toBeGreaterThanOrEqual(run.markers.A!);
  expect(run.markers.C).toBeGreaterThan(run.markers.B!);
  expect(run.totalMs).toBeLessThan(20_000);
});

test("a QEMU that does not start is a clear no", async () => {
  const run = await runProbeGuest({
    program: "false",
    accel: "kvm",
    scratchDir: await cleanup.makeFolder(),
    clock: systemClock,
  });
  expect(judgeProbe(run)).toEqual({ accel: "tcg", why: "KVM did not start a guest" });
});
