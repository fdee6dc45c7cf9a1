export { DataDisks } from "./data-disks.ts";
export type { DiskHolder } from "./disk-rules.ts";
export { LocalDiskStore } from "./local-disk-store.ts";
export type { DiskTransfers } from "./transfer/disk-transfers.ts";
