import type { Clock, DiskRef } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import type { DataDiskService } from "../disks/data-disk-service.ts";
import type { DiskWait, NeededDisk, StatusReason } from "./candidate.ts";

const DAY_MS = 86_400_000;

export interface LocateDiskContext {
  readonly proxy: Proxy;
  readonly disks: DataDiskService;
  readonly clock: Clock;
}

/** Where a machine's data disk is, and whether the machine must wait for it. Has the effects of {@link DataDiskService.locate}. */
export async function locateNeededDisk(
  { proxy, disks, clock }: LocateDiskContext,
  { owner, name }: DiskRef,
): Promise<NeededDisk> {
  const known = await proxy.stores.dataDisks.find(`${owner}/${name}`);
  const found = await disks.locate({ owner, name });
  const waitFor = async (hostId: string, where: string): Promise<DiskWait | null> => {
    const presence = await findHostPresence(proxy, clock, hostId);
    if (presence.kind === "here") return null;
    if (presence.kind === "otherServer") return presence;
    const reason = `The data disk ${name} ${where} a host that is ${presence.text}. The machine starts as soon as that host is back.`;
    return {
      kind: "hostDown",
      status: { reason, cause: { code: "DATA_DISK_WAITS", details: { disk: name } } },
    };
  };
  switch (found.kind) {
    case "stored":
      return { owner, name, hostId: found.host, wait: null };
    case "inTransfer": {
      const progress = disks.progressOf(found.plan);
      return { owner, name, hostId: found.plan.from, wait: { kind: "transfer", progress } };
    }
    case "interrupted": {
      const wait = await waitFor(found.partner, "is on its way between two hosts, one of them is");
      return { owner, name, hostId: found.partner, wait };
    }
    case "absent":
      return { owner, name, hostId: known, wait: known === null ? null : await waitFor(known, "lies on") };
  }
}

/** What the owner of a machine reads while its disk is in transfer. */
export function describeDiskTransfer(name: string, fraction: number): StatusReason {
  const percent = String(Math.floor(fraction * 100));
  return {
    reason: `Moving the data disk ${name} to the machine's new host: ${percent} %. It starts then.`,
    cause: { code: "DATA_DISK_TRAVELS", details: { disk: name, percent } },
  };
}

/** @param since epoch milliseconds; null: it was never connected */
export function describeDown(since: number | null, now: number): string {
  if (since === null) return "down";
  const [day = "", time = ""] = new Date(since).toISOString().split("T");
  return `down since ${now - since < DAY_MS ? "" : `${day} `}${time.slice(0, 5)} UTC`;
}

type HostPresence =
  | { readonly kind: "here" }
  | { readonly kind: "otherServer" }
  | { readonly kind: "down"; readonly text: string };

async function findHostPresence(proxy: Proxy, clock: Clock, hostId: string): Promise<HostPresence> {
  if (proxy.connectedAgents().some(({ id }) => id === hostId)) return { kind: "here" };
  const agent = await proxy.stores.agents.find(hostId);
  if (agent !== null && agent.serverId !== null && agent.serverId !== proxy.serverId)
    return { kind: "otherServer" };
  return { kind: "down", text: describeDown(agent?.lastSeenAt ?? null, clock.now()) };
}
