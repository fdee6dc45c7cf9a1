export { openOrchestrator, type Orchestrator, type OrchestratorOptions } from "./open-orchestrator.ts";
export { ORCHESTRATOR_ERRORS, type OrchestratorErrorCode } from "./orchestrator-errors.ts";
export type { EventBus, OrchestratorEvents } from "./event-bus.ts";
export type { DataDiskService, KnownDisk } from "./disks/data-disk-service.ts";
export type { KnownHostFacts } from "./hosts/host-facts-cache.ts";
export type { MergedCatalogue } from "./images/merged-catalogue.ts";
export { isAwaitingImage } from "./machines/awaiting-host.ts";
export { isDesktopOf } from "./machines/desktop-of-machine.ts";
export type { ScreenshotCache } from "./machines/screenshot-cache.ts";
export type { DirectCommand } from "./operations/machine-commands.ts";
export { mayUseImage } from "./quota/check-create-request.ts";
export {
  NO_QUOTAS,
  PRIVILEGES,
  quotaTable,
  type ConfiguredQuota,
  type Privilege,
  type QuotaTable,
} from "./quota/quota.ts";
