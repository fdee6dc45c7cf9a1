export type { Proxy, ProxyOptions } from "./proxy.ts";
export type { AuthorityCommands } from "./pair/authority-commands.ts";
export * from "./model/proxy-types.ts";
export type { Mip1Options } from "./model/mip1-options.ts";
export * from "./state/state-records.ts";
export * from "./state/stores.ts";
export { machineOptions, type MachineOptions } from "./state/machine-options.ts";
export { loadMasterKey } from "./state/master-key.ts";
export { openStores } from "./state/open-stores.ts";
export { openProxy } from "./open-proxy.ts";
export { queryAudit, type AuditEvent, type AuditQuery } from "./audit/query-audit.ts";
export {
  verifyAudit,
  type AuditVerificationResult,
  type AuditVerificationOptions,
} from "./audit/verify-audit.ts";
