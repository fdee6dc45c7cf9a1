export * from "./agent.ts";
export { startAgent } from "./start-agent.ts";
