import { imageCatalogue, type ImageEntry } from "../../protocol/index.ts";

const INSTALLER = "/usr/lib/debian-installer/images/12/amd64/gtk/debian-installer/amd64";

/** What a Debian machine can show without downloading anything: both come from Debian packages. */
export const builtInImages: readonly ImageEntry[] = imageCatalogue.parse({
  images: [
    {
      id: "memtest86+",
      title: "Memtest86+",
      description: "A memory test that starts in seconds: the quickest way to see a screen move.",
      memoryMb: { default: 64, min: 32 },
      cpus: { default: 1, min: 1 },
      boot: { kind: "iso", file: "/usr/lib/memtest86+/memtest86+x64.iso" },
      display: "std",
      network: "none",
      package: "memtest86+",
    },
    {
      id: "debian-installer",
      title: "Debian 12 installer",
      description: "Debian's graphical installer, with mouse and keyboard.",
      memoryMb: { default: 1024, min: 768 },
      cpus: { default: 1, min: 1 },
      boot: {
        kind: "kernel",
        kernel: `${INSTALLER}/linux`,
        initrd: `${INSTALLER}/initrd.gz`,
        // 0x37b: VESA mode 0x17b of the standard VGA's firmware, 1280x800 with 32 bits.
        cmdline: "vga=0x37b --- quiet",
      },
      display: "std",
      screen: { width: 1280, height: 800 },
      network: "isolated",
      package: "debian-installer-12-netboot-amd64",
    },
  ],
}).images;
