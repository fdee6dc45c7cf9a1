export { runDiskTransfer, type RequestHost } from "./run-disk-transfer.ts";
export { DataDiskService, type DiskTransferListener, type KnownDisk } from "./data-disk-service.ts";
export { locateDisk, type DiskLocation } from "./locate-disk.ts";
export { planDiskTransfers, type DiskTransferPlan } from "./plan-disk-transfers.ts";
