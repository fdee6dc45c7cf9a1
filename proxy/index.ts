export * from "./proxy.ts";
export * from "./state/records.ts";
export * from "./state/stores.ts";
