export { openOrchestrator, type Orchestrator } from "./open-orchestrator.ts";
export { ORCHESTRATOR_ERRORS } from "./orchestrator-errors.ts";
export type { DataDiskService, KnownDisk } from "./disks/data-disk-service.ts";
export { isAwaitingImage } from "./machines/awaiting-host.ts";
export { isDesktopOf } from "./machines/desktop-of-machine.ts";
export type { DirectCommand } from "./operations/machine-commands.ts";
export { mayUseImage } from "./quota/check-create-request.ts";
export type { Quotas } from "./quota/quotas.ts";
export {
  groupLimits,
  NO_QUOTAS,
  PRIVILEGES,
  quotaTable,
  type ConfiguredQuota,
  type Privilege,
  type QuotaTable,
} from "./quota/quota.ts";
