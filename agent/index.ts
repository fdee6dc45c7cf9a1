export * from "./agent.ts";
export { startAgent } from "./start-agent.ts";
export { SETUP_CODES, type SetupCode } from "./serve/setup-failure.ts";
