import { describe, expect, it } from "vitest";
import type { DartsConversion } from "../../../../bin/darts/convert-darts.ts";
import { openDartsHost } from "../../../../bin/darts/darts-host.ts";
import { FakeKernel, type FakePciHost } from "../../../support/fake-kernel.ts";
import { GT_1030_PAIR } from "../../../support/gpu-hosts.ts";
import { convert } from "./darts-fixture.ts";

describe("GPUs of DARTS", () => {
  async function convertOn(pci: FakePciHost, config: string): Promise<DartsConversion> {
    const kernel = await FakeKernel.build(pci);
    try {
      return await convert("", config, { listGpus: openDartsHost(kernel).listGpus });
    } finally {
      await kernel.remove();
    }
  }
  const bound = {
    ...GT_1030_PAIR,
    devices: GT_1030_PAIR.devices.map((device) =>
      /:4[cd]:/.test(device.address) ? { ...device, driver: "vfio-pci" } : device,
    ),
  };

  it("that vfio-pci has are given to machines, but for those of the list", async () => {
    expect(await convertOn(bound, "$config{gpu_blacklist} = '';")).toMatchObject({
      ...{ host: ["--gpu 4c:00.0", "--gpu 4d:00.0"], server: ["--user-may internet,gpu"] },
      warnings: [],
    });
    expect(await convertOn(bound, "$config{gpu_blacklist} = '4c:00.0, 00:1b.0';")).toMatchObject({
      host: ["--gpu 4d:00.0", "--gpu-deny 4c:00.0", "--gpu-deny 00:1b.0"],
      ...{ server: ["--user-may internet,gpu"], warnings: [] },
    });
  });

  it("that are the host's stay the host's, and then nobody may ask for one", async () => {
    expect(await convertOn(GT_1030_PAIR, "")).toMatchObject({ host: [], server: [] });
    expect(await convertOn(bound, "$config{gpu_blacklist} = '4c:00 4d:00';")).toMatchObject({
      host: ["--gpu-deny 4c:00", "--gpu-deny 4d:00"],
      server: [],
    });
  });
});
