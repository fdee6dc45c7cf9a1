import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Finding } from "../../../../launcher/model/finding.ts";
import { parseGpuPolicy } from "../../../../launcher/gpu/gpu-policy.ts";
import { judgeGpuReadiness, readGpuReadiness } from "../../../../launcher/gpu/gpu-readiness.ts";
import { FakeKernel, type FakePciHost } from "../../../support/fake-kernel.ts";
import { GT_1030_PAIR, INTEL_GVT, PCI_IDS, RADEON_IN_SHARED_GROUP } from "../../../support/gpu-hosts.ts";

const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

interface Question {
  readonly gpu?: readonly string[];
  readonly deny?: readonly string[];
  readonly type?: string;
  readonly privileged?: boolean;
}

async function examine(host: FakePciHost, question: Question = {}): Promise<Finding[]> {
  const kernel = await FakeKernel.build(host);
  const folder = await mkdtemp(path.join(tmpdir(), "pci-ids-"));
  cleanUps.push(
    () => kernel.remove(),
    () => rm(folder, { recursive: true, force: true }),
  );
  await writeFile(path.join(folder, "pci.ids"), PCI_IDS);
  const { gpu = ["all"], deny = [], type, privileged = true } = question;
  const policy = parseGpuPolicy(gpu, deny, type);
  const facts = await readGpuReadiness(kernel, policy, privileged, path.join(folder, "pci.ids"));
  return judgeGpuReadiness(facts);
}

function only(findings: readonly Finding[], code: string): Finding[] {
  return findings.filter((finding) => finding.code === code);
}

/** The same host without its IOMMU. */
function withoutIommu(host: FakePciHost): FakePciHost {
  return { ...host, devices: host.devices.map(({ group: _group, ...device }) => device) };
}

describe("a pair of NVIDIA GT 1030 with their sound", () => {
  it("is ready, and the console's card stays", async () => {
    const findings = await examine(GT_1030_PAIR);
    expect(findings.filter(({ state }) => state === "missing")).toEqual([]);
    expect(only(findings, "gpu")[0]!.text).toBe(
      "GPUs: 0000:4c:00.0 NVIDIA GP108 [GeForce GT 1030]; 0000:4d:00.0 NVIDIA GP108 [GeForce GT 1030]; " +
        "0000:c3:00.0 ASPEED Technology ASPEED Graphics Family.",
    );
    expect(only(findings, "gpu-group").map(({ text }) => text)).toEqual([
      "NVIDIA GP108 [GeForce GT 1030] can be given to a machine and back: 0000:4c:00.0 (nvidia), 0000:4c:00.1 (snd_hda_intel).",
      "NVIDIA GP108 [GeForce GT 1030] can be given to a machine and back: 0000:4d:00.0 (nvidia), 0000:4d:00.1 (snd_hda_intel).",
    ]);
    expect(only(findings, "gpu-host-display")).toMatchObject([
      { state: "advice", remedy: expect.stringContaining("--gpu 0000:c3:00.0") as string },
    ]);
  });

  it("tells an ordinary account how to set the cards aside at boot", async () => {
    const findings = await examine(GT_1030_PAIR, { gpu: ["4c:00.0"], privileged: false });
    expect(only(findings, "gpu-driver")).toEqual([
      {
        code: "gpu-driver",
        state: "missing",
        text:
          "NVIDIA GP108 [GeForce GT 1030] is held by the host's drivers: 0000:4c:00.0 (nvidia), " +
          "0000:4c:00.1 (snd_hda_intel). Only root may take it from them.",
        remedy: expect.stringContaining(
          '"options vfio-pci ids=10de:1d01,10de:0fb8" in /etc/modprobe.d',
        ) as string,
      },
    ]);
  });

  it("asks for nothing that nobody wanted", async () => {
    const findings = await examine(withoutIommu(GT_1030_PAIR), { gpu: [] });
    expect(findings.filter(({ state }) => state === "missing")).toEqual([]);
    expect(only(findings, "gpu-allowed").map(({ remedy }) => remedy)).toEqual([
      "To allow it: --gpu 0000:4c:00.0",
      "To allow it: --gpu 0000:4d:00.0",
      "To allow it: --gpu 0000:c3:00.0",
    ]);
  });

  it("says what is black-listed, and which address is nobody's", async () => {
    const findings = await examine(GT_1030_PAIR, { gpu: ["4c:00", "99:00.0"], deny: ["4c:00.1"] });
    expect(only(findings, "gpu-denied")).toMatchObject([
      {
        state: "ok",
        text: expect.stringContaining("0000:4c:00.1 is not to be given (--gpu-deny)") as string,
      },
    ]);
    expect(only(findings, "gpu-address")).toMatchObject([
      { state: "missing", text: "No GPU is at 0000:99:00.0." },
    ]);
  });
});

describe("a Radeon in a group with the network card", () => {
  it("is not viable, and the network card is named", async () => {
    const findings = await examine(RADEON_IN_SHARED_GROUP);
    expect(only(findings, "gpu-group")).toEqual([
      {
        code: "gpu-group",
        state: "missing",
        text:
          "AMD Ellesmere [Radeon RX 470/480/570/570X/580/580X/590] is in IOMMU group 15 together with what stays " +
          "the host's: 0000:04:00.0 Realtek Semiconductor RTL8111/8168/8411 PCI Express Gigabit Ethernet " +
          "Controller (r8169). The whole group goes to a machine, or nothing of it.",
        remedy: expect.stringMatching(/another slot.*ACS.*set them aside/) as string,
      },
    ]);
  });
});

describe("Intel graphics with GVT-g", () => {
  it("offers its types, and needs nothing of vfio-pci", async () => {
    const findings = await examine({ ...INTEL_GVT, vfio: false });
    expect(findings.map(({ code, state }) => [code, state])).toEqual([
      ["gpu", "ok"],
      ["gpu-mdev", "ok"],
    ]);
    expect(findings[1]!.text).toBe(
      "0000:00:02.0 can be shared in parts: i915-GVTg_V5_4 (1 free), i915-GVTg_V5_8 (2 free).",
    );
  });

  it("knows no type but its own", async () => {
    const findings = await examine(INTEL_GVT, { type: "nvidia-63" });
    expect(only(findings, "gpu-mdev")).toMatchObject([
      { state: "missing", text: expect.stringMatching(/nvidia-63 is none of them\.$/) as string },
    ]);
  });
});

describe("what is missing", () => {
  it.each([
    ["AuthenticAMD", "quiet", /^The IOMMU is off\.$/, /AMD-Vi.*iommu=pt/],
    ["GenuineIntel", "quiet", /^The IOMMU is off\.$/, /VT-d.*intel_iommu=on iommu=pt.*update-grub; reboot/],
    ["GenuineIntel", "intel_iommu=on", /^The IOMMU is off\.$/, /told so already: switch on VT-d/],
    ["AuthenticAMD", "amd_iommu=off", /switched off by amd_iommu=off/, /^Take amd_iommu=off out of/],
    ["GenuineIntel", "quiet iommu=off", /switched off by iommu=off/, /^Take iommu=off out of/],
  ] as const)("the IOMMU, on %s with %s", async (cpu, commandLine, text, remedy) => {
    const [finding] = only(await examine(withoutIommu({ ...GT_1030_PAIR, cpu, commandLine })), "gpu-iommu");
    expect(finding).toMatchObject({ state: "missing" });
    expect(finding!.text).toMatch(text);
    expect(finding!.remedy).toMatch(remedy);
  });

  it("vfio-pci and /dev/vfio", async () => {
    const findings = await examine({ ...GT_1030_PAIR, vfio: false });
    expect(only(findings, "gpu-vfio-module")[0]!.remedy).toMatch(/^modprobe vfio-pci/);
    expect(only(findings, "gpu-vfio-access")[0]).toMatchObject({ state: "missing" });
  });

  it("memory that may be locked, unless the limit can be raised", async () => {
    const limited = { ...GT_1030_PAIR, memlock: 65_536 };
    const [finding] = only(await examine(limited, { privileged: false }), "gpu-memlock");
    expect(finding).toMatchObject({
      state: "missing",
      text: "A process may lock 0.06 GiB of memory; a machine with a GPU locks all of its own.",
      remedy: expect.stringContaining("LimitMEMLOCK=infinity") as string,
    });
    expect(only(await examine(limited, { privileged: true }), "gpu-memlock")[0]).toMatchObject({
      state: "ok",
    });
  });

  it("a GPU, where one is to be given", async () => {
    expect(await examine({ devices: [] })).toMatchObject([{ code: "gpu", state: "missing" }]);
    expect(await examine({ devices: [] }, { gpu: [] })).toEqual([
      { code: "gpu", state: "ok", text: "This host has no GPU. Machines show emulated screens." },
    ]);
  });
});
