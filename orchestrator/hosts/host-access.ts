import type { HostMethod, HostParams, HostResult } from "../../protocol/index.ts";
import type { ConnectedAgent, Proxy } from "../../proxy/index.ts";

/** Sends a request to a host, named by its agent's id. */
export type RequestHost = <M extends HostMethod>(
  hostId: string,
  method: M,
  params: HostParams<M>,
) => Promise<HostResult<M>>;

export function bindRequestHost(proxy: Pick<Proxy, "requestHost">): RequestHost {
  return (hostId, method, params) => proxy.requestHost(hostId, method, params);
}

/** The hosts that are connected to this server and were let in. */
export function listConnectedHosts(proxy: Pick<Proxy, "connectedAgents">): ConnectedAgent[] {
  return proxy.connectedAgents().filter(({ admitted }) => admitted);
}
