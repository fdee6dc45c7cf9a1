export * from "./proxy.ts";
export type { Mip1Options } from "./mip1/options.ts";
export * from "./state/records.ts";
export * from "./state/stores.ts";
export { loadMasterKey } from "./state/master-key.ts";
export { openStores } from "./state/open.ts";
export { openProxy } from "./open-proxy.ts";
export { queryAudit, type AuditEvent, type AuditQuery } from "./audit/query.ts";
export { verifyAudit, type AuditVerdict, type VerifyOptions } from "./audit/verify.ts";
