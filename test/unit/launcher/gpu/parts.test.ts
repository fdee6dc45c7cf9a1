import { describe, expect, it } from "vitest";
import { gpuArguments } from "../../../../launcher/argv/gpu-arguments.ts";
import type { GpuAssignment } from "../../../../launcher/gpu/gpu-allocation-table.ts";
import { gpuExtension } from "../../../../launcher/process/extensions/gpu-extension.ts";
import { parsePciAddress } from "../../../../launcher/gpu/pci-address.ts";
import { parseGpuPolicy } from "../../../../launcher/gpu/gpu-policy.ts";

describe("PCI addresses", () => {
  it.each([
    ["4c:00.0", "0000:4c:00.0"],
    ["4C:00", "0000:4c:00"],
    [" 0000:4c:00.1 ", "0000:4c:00.1"],
    ["10000:01:00.0", "10000:01:00.0"],
    ["4c", null],
    ["4c:00.8", null],
    ["4c:00.0/../..", null],
    ["", null],
  ])("%j is %j", (text, address) => {
    expect(parsePciAddress(text)).toBe(address);
  });

  it("refuses what is none, by the option's name", () => {
    expect(() => parseGpuPolicy(["all"], ["nvidia"])).toThrow(/^--gpu-deny nvidia: write a PCI address/);
    expect(() => parseGpuPolicy(["first"], [])).toThrow(
      expect.objectContaining({ code: "GPU_ADDRESS" }) as Error,
    );
  });
});

describe("QEMU's arguments", () => {
  it("give a function 0 to a guest whose card has none of its own, and no word of many to a single one", () => {
    const argv = gpuArguments({ kind: "passthrough", devices: [{ address: "0000:65:00.4" }] });
    expect(argv[3]).toBe(
      '{"driver":"vfio-pci","id":"gpu0f0","host":"0000:65:00.4","bus":"gpuport0","addr":"0.0"}',
    );
  });

  it("need no OpenGL where the driver hands out pixels", () => {
    const uuid = "c7802054-3b97-4e18-86a7-3d68dff2594d";
    const devices = [{ uuid, parent: "0000:01:00.0" }];
    expect(gpuArguments({ kind: "mdev", devices, renderNode: null })).toEqual([
      "-device",
      `{"driver":"vfio-pci-nohotplug","id":"mdev0","sysfsdev":"/sys/bus/mdev/devices/${uuid}","bus":"pcie.0","display":"on","ramfb":true}`,
    ]);
  });
});

describe("a machine's start", () => {
  const assignment: GpuAssignment = { kind: "passthrough", devices: [{ address: "0000:4c:00.0" }] };

  function openRoom(): {
    asked: string[];
    reserve(kind: string, id: string): Promise<GpuAssignment>;
    release(id: string): Promise<void>;
  } {
    const asked: string[] = [];
    return {
      asked,
      reserve(kind, id) {
        asked.push(`${kind} ${id}`);
        return Promise.resolve(assignment);
      },
      release(id) {
        asked.push(`release ${id}`);
        return Promise.resolve();
      },
    };
  }

  it("takes a GPU, raises the limit of locked memory where it may, and gives it back at the end", async () => {
    const room = openRoom();
    const outfitter = gpuExtension(room, true);
    const outfit = await outfitter.prepare({ id: "m1", gpu: "passthrough" });
    expect(outfit.arguments).toEqual(gpuArguments(assignment));
    expect(outfit.wrap!({ program: "/usr/bin/qemu", args: ["-m", "1G"] })).toEqual({
      program: "/usr/bin/prlimit",
      args: ["--memlock=unlimited:unlimited", "/usr/bin/qemu", "-m", "1G"],
    });
    await outfitter.release({ id: "m1", gpu: "passthrough" });
    expect(room.asked).toEqual(["passthrough m1", "release m1"]);
  });

  it("changes nothing for machines without one", async () => {
    const room = openRoom();
    expect(await gpuExtension(room, true).prepare({ id: "m1", gpu: "none" })).toEqual({});
    expect(await gpuExtension(room, false).prepare({ id: "m2", gpu: "mdev" })).not.toHaveProperty("wrap");
    expect(room.asked).toEqual(["mdev m2"]);
  });
});
