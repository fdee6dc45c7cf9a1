export { GuestAgent, type GuestExit } from "./guest-agent.ts";
