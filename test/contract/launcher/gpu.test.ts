import { afterEach, expect, test } from "vitest";
import { gpuArguments } from "../../../launcher/argv/gpu-arguments.ts";
import type { GpuAssignment } from "../../../launcher/gpu/gpu-allocation-table.ts";
import { runProcess } from "../../support/test-process.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

let launcherFixture: LauncherFixture | undefined;

afterEach(async () => {
  await launcherFixture?.close();
  launcherFixture = undefined;
});

const MACHINE = [
  "-no-user-config",
  "-nodefaults",
  "-machine",
  "q35",
  "-accel",
  "tcg",
  "-display",
  "none",
  "-S",
];

/** No machine has these: QEMU reads every property and then misses the device. */
test.each<[string, GpuAssignment, string]>([
  [
    "a card with two functions",
    { kind: "passthrough", devices: [{ address: "0000:fe:1f.0" }, { address: "0000:fe:1f.1" }] },
    "vfio /sys/bus/pci/devices/0000:fe:1f.0: no such host device",
  ],
  [
    "a mediated device",
    {
      kind: "mdev",
      devices: [{ uuid: "c7802054-3b97-4e18-86a7-3d68dff2594d", parent: "0000:fe:1f.0" }],
      renderNode: null,
    },
    "vfio /sys/bus/mdev/devices/c7802054-3b97-4e18-86a7-3d68dff2594d: no such host device",
  ],
])("QEMU understands the arguments for %s", async (_case, assignment, complaint) => {
  const { code, stderr } = await runProcess(
    "qemu-system-x86_64",
    [...MACHINE, ...gpuArguments(assignment)],
    {},
  );
  expect(code).toBe(1);
  expect(stderr).toContain(complaint);
});

test("a host that gives no GPUs says so when it is asked, and makes nothing", async () => {
  launcherFixture = await LauncherFixture.make();
  const launcher = await launcherFixture.openWith([
    { id: "x", boot: { kind: "iso", file: "/usr/lib/memtest86+/memtest86+x64.iso" } },
  ]);
  expect((await launcher.facts()).gpus).toEqual([]);
  await expect(
    launcher.create({ id: "m1", name: "m1", image: "x", gpu: "passthrough" }),
  ).rejects.toMatchObject({
    code: "HOST_GPU",
    safeMessage: "gpu: this host has no GPU to give. `postern doctor` on the host says why.",
  });
  expect(launcher.machines()).toEqual([]);
});
