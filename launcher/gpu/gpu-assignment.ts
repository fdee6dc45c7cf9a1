import type { PciAddress } from "./pci-address.ts";

export type GpuKind = "passthrough" | "mdev";

/** What one machine has of the host's GPUs. */
export type GpuAssignment =
  | { readonly kind: "passthrough"; readonly devices: readonly { readonly address: PciAddress }[] }
  | {
      readonly kind: "mdev";
      readonly devices: readonly { readonly uuid: string; readonly parent: PciAddress }[];
      /** `renderD128`, where QEMU needs it to show the device's pictures; null: the device hands out plain pixels. */
      readonly renderNode: string | null;
    };
