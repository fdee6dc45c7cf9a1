export * from "./api/schemas.ts";
export { openWeb, type Web } from "./server/open-web.ts";
