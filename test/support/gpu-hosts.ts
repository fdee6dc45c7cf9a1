import type { FakePciDevice, FakePciHost } from "./fake-kernel.ts";

/** One GT 1030 with its sound, as DARTS's manuals describe them, in a group of its own. */
function gt1030(slot: string, group: string): FakePciDevice[] {
  return [
    { address: `${slot}.0`, class: "0x030000", ids: "10de:1d01", driver: "nvidia", group, bootVga: false },
    { address: `${slot}.1`, class: "0x040300", ids: "10de:0fb8", driver: "snd_hda_intel", group },
  ];
}

/** The bridge above a card, which belongs to the card's group. */
function bridge(address: string, group: string): FakePciDevice {
  return { address, class: "0x060400", ids: "1022:1453", driver: "pcieport", group };
}

/** An AMD server with two GT 1030, and a small card for its own console. */
export const GT_1030_PAIR: FakePciHost = {
  cpu: "AuthenticAMD",
  commandLine: "quiet iommu=pt",
  devices: [
    bridge("0000:40:03.1", "60"),
    ...gt1030("0000:4c:00", "60"),
    bridge("0000:40:03.2", "61"),
    ...gt1030("0000:4d:00", "61"),
    {
      address: "0000:c3:00.0",
      class: "0x030000",
      ids: "1a03:2000",
      driver: "ast",
      group: "7",
      bootVga: true,
    },
  ],
};

/** A desktop board whose chipset puts a Radeon and the network card into one group. */
export const RADEON_IN_SHARED_GROUP: FakePciHost = {
  cpu: "AuthenticAMD",
  devices: [
    bridge("0000:02:00.0", "15"),
    { address: "0000:03:00.0", class: "0x030000", ids: "1002:67df", driver: "amdgpu", group: "15" },
    { address: "0000:03:00.1", class: "0x040300", ids: "1002:aaf0", driver: "snd_hda_intel", group: "15" },
    { address: "0000:04:00.0", class: "0x020000", ids: "10ec:8168", driver: "r8169", group: "15" },
  ],
};

/** Intel graphics that i915's GVT-g cuts into parts. */
export const INTEL_GVT: FakePciHost = {
  cpu: "GenuineIntel",
  commandLine: "quiet intel_iommu=on i915.enable_gvt=1",
  devices: [
    {
      address: "0000:00:02.0",
      class: "0x030000",
      ids: "8086:5912",
      driver: "i915",
      group: "1",
      bootVga: true,
      drivesMonitor: true,
      renderNode: "renderD128",
      mdevTypes: {
        "i915-GVTg_V5_4": {
          name: "i915-GVTg_V5_4",
          description: "low_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\nresolution: 1920x1200\nweight: 4",
          available: 1,
        },
        "i915-GVTg_V5_8": {
          name: "i915-GVTg_V5_8",
          description: "low_gm_size: 64MB\nhigh_gm_size: 384MB\nfence: 4\nresolution: 1024x768\nweight: 2",
          available: 2,
        },
      },
    },
  ],
};

/** The lines of pci.ids that these hosts need. */
export const PCI_IDS = `# excerpt
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t67df  Ellesmere [Radeon RX 470/480/570/570X/580/580X/590]
\taaf0  Ellesmere HDMI Audio [Radeon RX 470/480 / 570/580/590]
10de  NVIDIA Corporation
\t0fb8  GP108 High Definition Audio Controller
\t1d01  GP108 [GeForce GT 1030]
\t\t1043 85f4  A board of somebody's
10ec  Realtek Semiconductor Co., Ltd.
\t8168  RTL8111/8168/8411 PCI Express Gigabit Ethernet Controller
1a03  ASPEED Technology, Inc.
\t2000  ASPEED Graphics Family
8086  Intel Corporation
\t5912  HD Graphics 630
C 03  Display controller
\t00  VGA compatible controller
`;
