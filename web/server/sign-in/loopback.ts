import { isLoopbackAddress } from "../../../proxy/index.ts";

/** Whether only this computer can be meant. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === "localhost" || isLoopbackAddress(host);
}
