import { expect, test } from "vitest";
import { resolveHardware } from "../../../../protocol/index.ts";
import { checkMemorySupport } from "../../../../launcher/machine/check-memory-support.ts";

const share = { tag: "a", folder: "/srv/a", kind: "9p", writable: false } as const;

const hardware = resolveHardware(undefined);

test.each([
  ["passthrough", [], "MEMORY_GPU"],
  ["mdev", [share], "MEMORY_GPU"],
  ["none", [share], "MEMORY_SHARES"],
  ["none", [{ ...share, kind: "virtiofs", writable: true }], "MEMORY_SHARES"],
] as const)(
  "a machine with the GPU %s and the folders %j is not written down while it runs",
  (gpu, shares, code) => {
    expect(() => {
      checkMemorySupport({ gpu, shares: [...shares], hardware });
    }).toThrow(expect.objectContaining({ code, safeMessage: expect.stringContaining("Stop") as string }));
  },
);

test("any other is", () => {
  expect(() => {
    checkMemorySupport({ gpu: "none", shares: [], hardware });
  }).not.toThrow();
});

test("a machine with NVMe disks is not, either: QEMU cannot restore them", () => {
  expect(() => {
    checkMemorySupport({
      gpu: "none",
      shares: [],
      hardware: resolveHardware({ profile: "linux", disk: "nvme" }),
    });
  }).toThrow(expect.objectContaining({ code: "MEMORY_NVME" }));
});
