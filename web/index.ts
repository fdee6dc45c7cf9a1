export * from "./api/schemas.ts";
export { openWeb, type Web, type WebOptions } from "./server/open-web.ts";
