export * from "./api/schemas.ts";
export type { SignInOptions } from "./server/sign-in/providers/index.ts";
export { openWeb, type Web } from "./server/open-web.ts";
