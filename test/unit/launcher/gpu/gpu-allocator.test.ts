import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { gpuArguments } from "../../../../launcher/argv/gpu-arguments.ts";
import { NO_GPUS, parseGpuPolicy, type GpuPolicy } from "../../../../launcher/gpu/gpu-policy.ts";
import { GpuAllocator } from "../../../../launcher/gpu/gpu-allocator.ts";
import { systemClock } from "../../../../protocol/index.ts";
import { FakeKernel, type FakePciHost } from "../../../support/fake-kernel.ts";
import { GT_1030_PAIR, INTEL_GVT, PCI_IDS, RADEON_IN_SHARED_GROUP } from "../../../support/gpu-hosts.ts";

const ALL = parseGpuPolicy(["all"], []);
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

interface GpuFixture {
  readonly kernel: FakeKernel;
  readonly recordFile: string;
  /** A launcher that starts (again) on this host. */
  open(policy?: GpuPolicy, account?: { uid: number; gid: number } | null): GpuAllocator;
}

async function openGpuFixture(host: FakePciHost, policy = ALL): Promise<GpuFixture> {
  const kernel = await FakeKernel.build(host);
  const folder = await mkdtemp(path.join(tmpdir(), "gpu-room-"));
  cleanUps.push(
    () => kernel.remove(),
    () => rm(folder, { recursive: true, force: true }),
  );
  const pciIds = path.join(folder, "pci.ids");
  await writeFile(pciIds, PCI_IDS);
  const recordFile = path.join(folder, "gpu.json");
  const log = pino({ level: "silent" });
  return {
    kernel,
    recordFile,
    open: (chosen = policy, account = null) =>
      new GpuAllocator({
        tree: kernel,
        policy: chosen,
        recordFile,
        account,
        log,
        clock: systemClock,
        pciIds,
      }),
  };
}

/** The devices of QEMU's arguments, as objects. */
function devices(argv: readonly string[]): unknown[] {
  return argv.flatMap((arg, index) => (argv[index - 1] === "-device" ? [JSON.parse(arg) as unknown] : []));
}

describe("a pair of NVIDIA GT 1030 with their sound", () => {
  it("gives each to one machine, with both functions behind a root port, and back", async () => {
    const { kernel, open } = await openGpuFixture(GT_1030_PAIR);
    const room = open();
    const assignment = await room.reserve("passthrough", "m1");
    expect(assignment).toEqual({
      kind: "passthrough",
      devices: [{ address: "0000:4c:00.0" }, { address: "0000:4c:00.1" }],
    });
    expect(devices(gpuArguments(assignment))).toEqual([
      { driver: "pcie-root-port", id: "gpuport0", bus: "pcie.0", chassis: 64 },
      {
        ...{ driver: "vfio-pci", id: "gpu0f0", host: "0000:4c:00.0" },
        ...{ bus: "gpuport0", addr: "0.0", multifunction: true },
      },
      { driver: "vfio-pci", id: "gpu0f1", host: "0000:4c:00.1", bus: "gpuport0", addr: "0.1" },
    ]);
    expect(await kernel.driverOf("0000:4c:00.0")).toBe("vfio-pci");
    expect(await kernel.driverOf("0000:4c:00.1")).toBe("vfio-pci");
    expect(await kernel.driverOf("0000:4d:00.0")).toBe("nvidia");
    expect(await kernel.driverOf("0000:40:03.1")).toBe("pcieport");
    expect(await room.facts()).toEqual([
      { name: "NVIDIA GP108 [GeForce GT 1030]", mode: "passthrough", free: false },
      { name: "NVIDIA GP108 [GeForce GT 1030]", mode: "passthrough", free: true },
    ]);
    await room.release("m1");
    expect(await kernel.driverOf("0000:4c:00.0")).toBe("nvidia");
    expect(await kernel.driverOf("0000:4c:00.1")).toBe("snd_hda_intel");
    expect(await kernel.text("sys/bus/pci/devices/0000:4c:00.0/driver_override")).toBe("");
    const written = kernel.writes.length;
    await room.release("m1");
    expect(kernel.writes).toHaveLength(written);
  });

  it("gives no GPU twice, whoever asks at the same time, and tells the third why", async () => {
    const { open } = await openGpuFixture(GT_1030_PAIR);
    const room = open();
    const asked = await Promise.allSettled(["a", "b", "c"].map((id) => room.reserve("passthrough", id)));
    const got = asked.flatMap((each) =>
      each.status === "fulfilled" ? each.value.devices.map((device) => JSON.stringify(device)) : [],
    );
    expect(new Set(got).size).toBe(4);
    expect(asked[2]).toMatchObject({
      reason: { code: "HOST_GPU", safeMessage: "gpu: every GPU of this host is in use." },
    });
    expect(await room.reserve("passthrough", "a")).toEqual(
      asked[0]?.status === "fulfilled" ? asked[0].value : null,
    );
  });

  it.each([
    [
      "nothing is allowed",
      NO_GPUS,
      "gpu: this host has no GPU to give. `postern doctor` on the host says why.",
    ],
    [
      "one is allowed and black-listed by its sound",
      parseGpuPolicy(["4c:00"], ["4c:00.1"]),
      "gpu: this host has no GPU to give. `postern doctor` on the host says why.",
    ],
  ])("refuses where %s", async (_case, policy, safeMessage) => {
    const { kernel, open } = await openGpuFixture(GT_1030_PAIR, policy);
    await expect(open().reserve("passthrough", "m1")).rejects.toMatchObject({
      code: "HOST_GPU",
      safeMessage,
    });
    expect(kernel.writes).toEqual([]);
  });

  it("takes the other one when the first is black-listed", async () => {
    const { open } = await openGpuFixture(GT_1030_PAIR, parseGpuPolicy(["all"], ["4c:00.0"]));
    const { devices: got } = await open().reserve("passthrough", "m1");
    expect(got).toEqual([{ address: "0000:4d:00.0" }, { address: "0000:4d:00.1" }]);
  });

  it("gives back what a killed launcher took, and leaves running machines theirs", async () => {
    const { kernel, open } = await openGpuFixture(GT_1030_PAIR);
    const killed = open();
    await killed.reserve("passthrough", "gone");
    const kept = await killed.reserve("passthrough", "runs");
    const next = open();
    await next.releaseOrphans(new Set(["runs"]));
    expect(await kernel.driverOf("0000:4c:00.0")).toBe("nvidia");
    expect(await kernel.driverOf("0000:4c:00.1")).toBe("snd_hda_intel");
    expect(await kernel.driverOf("0000:4d:00.0")).toBe("vfio-pci");
    expect(await next.reserve("passthrough", "runs")).toEqual(kept);
    await next.release("runs");
    expect(await kernel.driverOf("0000:4d:00.1")).toBe("snd_hda_intel");
  });

  it("gives back the half that was taken when the kernel refuses, and takes nothing for good", async () => {
    const { kernel, open, recordFile } = await openGpuFixture(GT_1030_PAIR);
    kernel.failing = "0000:4c:00.1/driver/unbind";
    await expect(open().reserve("passthrough", "m1")).rejects.toMatchObject({ code: "GPU_BIND" });
    expect(await kernel.driverOf("0000:4c:00.0")).toBe("nvidia");
    expect(await kernel.driverOf("0000:4c:00.1")).toBe("snd_hda_intel");
    expect(JSON.parse(await readFile(recordFile, "utf8"))).toMatchObject({ takings: [] });
  });

  it("owes what cannot be given back, and pays before the next machine", async () => {
    const { kernel, open, recordFile } = await openGpuFixture(GT_1030_PAIR, parseGpuPolicy(["4c:00.0"], []));
    const room = open();
    await room.reserve("passthrough", "m1");
    kernel.failing = "0000:4c:00.0/driver/unbind";
    await room.release("m1");
    expect(JSON.parse(await readFile(recordFile, "utf8"))).toMatchObject({
      takings: [{ machine: "m1", owed: true }],
    });
    await expect(room.reserve("passthrough", "m2")).rejects.toMatchObject({ code: "HOST_GPU" });
    kernel.failing = null;
    await room.reserve("passthrough", "m2");
    await room.release("m2");
    expect(await kernel.driverOf("0000:4c:00.0")).toBe("nvidia");
  });

  it("hands the group's node to the machines' account, and back to its owner", async () => {
    const { kernel, open } = await openGpuFixture(GT_1030_PAIR);
    const room = open(ALL, { uid: 990, gid: 991 });
    await room.reserve("passthrough", "m1");
    await room.release("m1");
    const { uid, gid } = (await kernel.ownerOf("proc/cmdline"))!;
    expect(kernel.ownershipChanges).toEqual(["dev/vfio/60 990:991", `dev/vfio/60 ${uid}:${gid}`]);
  });

  it("does not guess what an unreadable record meant", async () => {
    const { open, recordFile } = await openGpuFixture(GT_1030_PAIR);
    await writeFile(recordFile, "{");
    const room = open();
    await expect(room.reserve("passthrough", "m1")).rejects.toMatchObject({ code: "GPU_RECORD" });
    await expect(room.checkFree("passthrough")).rejects.toMatchObject({ code: "GPU_RECORD" });
    expect((await room.facts()).every(({ free }) => !free)).toBe(true);
    await room.releaseOrphans(new Set());
    expect(await readFile(recordFile, "utf8")).toBe("{");
  });

  it("leaves cards where the administrator set them aside", async () => {
    const aside = GT_1030_PAIR.devices.map((device) =>
      device.address.startsWith("0000:4d") ? { ...device, driver: "vfio-pci" } : device,
    );
    const { kernel, open } = await openGpuFixture({ ...GT_1030_PAIR, devices: aside });
    const room = open();
    const { devices: got } = await room.reserve("passthrough", "m1");
    expect(got).toEqual([{ address: "0000:4d:00.0" }, { address: "0000:4d:00.1" }]);
    await room.release("m1");
    expect(await kernel.driverOf("0000:4d:00.0")).toBe("vfio-pci");
    expect(kernel.writes).toEqual([]);
  });
});

describe("a Radeon in a group with the network card", () => {
  it("is not given, and the network card stays the host's", async () => {
    const { kernel, open } = await openGpuFixture(RADEON_IN_SHARED_GROUP);
    await expect(open().reserve("passthrough", "m1")).rejects.toMatchObject({ code: "HOST_GPU" });
    expect(kernel.writes).toEqual([]);
  });

  it("is given as a whole group once the administrator set the network card aside", async () => {
    const aside = RADEON_IN_SHARED_GROUP.devices.map((device) =>
      device.address === "0000:04:00.0" ? { ...device, driver: "vfio-pci" } : device,
    );
    const { kernel, open } = await openGpuFixture({ ...RADEON_IN_SHARED_GROUP, devices: aside });
    const room = open();
    const assignment = await room.reserve("passthrough", "m1");
    expect(devices(gpuArguments(assignment)).map((each) => (each as { host?: string }).host)).toEqual([
      ...[undefined, "0000:03:00.0", "0000:03:00.1"],
      ...[undefined, "0000:04:00.0"],
    ]);
    await room.release("m1");
    expect(await kernel.driverOf("0000:03:00.0")).toBe("amdgpu");
    expect(await kernel.driverOf("0000:04:00.0")).toBe("vfio-pci");
  });
});

describe("Intel graphics with GVT-g", () => {
  it("makes a part for each machine, shows it on QEMU's screen, and removes it", async () => {
    const { kernel, open } = await openGpuFixture(INTEL_GVT);
    const room = open();
    const assignment = await room.reserve("mdev", "m1");
    const [uuid] = await kernel.mdevs();
    expect(assignment).toMatchObject({ kind: "mdev", devices: [{ uuid, parent: "0000:00:02.0" }] });
    const argv = gpuArguments(assignment);
    expect(argv.slice(0, 2)).toEqual(["-display", "egl-headless,rendernode=/dev/dri/renderD128"]);
    expect(devices(argv)).toEqual([
      {
        ...{ driver: "vfio-pci-nohotplug", id: "mdev0", sysfsdev: `/sys/bus/mdev/devices/${uuid!}` },
        ...{ bus: "pcie.0", display: "on", ramfb: true },
      },
    ]);
    expect(await room.facts()).toEqual([
      { name: "Intel HD Graphics 630 (i915-GVTg_V5_8)", mode: "mdev", free: true },
    ]);
    await room.reserve("mdev", "m2");
    await expect(room.reserve("mdev", "m3")).rejects.toMatchObject({
      code: "HOST_GPU",
      safeMessage: "gpu: every part of a GPU of this host is in use.",
    });
    await room.release("m1");
    expect(await kernel.mdevs()).not.toContain(uuid);
    await open().releaseOrphans(new Set());
    expect(await kernel.mdevs()).toEqual([]);
  });

  it("makes parts of the type that the administrator names", async () => {
    const { kernel, open } = await openGpuFixture(
      INTEL_GVT,
      parseGpuPolicy(["00:02.0"], [], "i915-GVTg_V5_4"),
    );
    await open().reserve("mdev", "m1");
    expect(kernel.writes).toEqual([
      expect.stringMatching(/mdev_supported_types\/i915-GVTg_V5_4\/create=[0-9a-f-]{36}$/),
    ]);
  });

  it("never takes the host's own screen as a whole", async () => {
    const { kernel, open } = await openGpuFixture(INTEL_GVT);
    await expect(open().reserve("passthrough", "m1")).rejects.toMatchObject({ code: "HOST_GPU" });
    expect(kernel.writes).toEqual([]);
  });
});
