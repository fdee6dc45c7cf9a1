export * from "./api/schemas.ts";
export { openWeb, type Web, type WebOptions } from "./server/open-web.ts";
export {
  quotaTable,
  PRIVILEGES,
  type Privilege,
  type ConfiguredQuota,
  type QuotaTable,
} from "../orchestrator/quota/quota.ts";
