import type { Clock, DiskRef } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import type { DataDiskService } from "../disks/index.ts";
import { describeDown } from "../hosts/describe-down.ts";
import type { DiskWait, NeededDisk, StatusReason } from "./check-host.ts";

/** Where a machine's data disk lies, and whether the machine must wait for it. */
export async function locateNeededDisk(
  { proxy, disks, clock }: { readonly proxy: Proxy; readonly disks: DataDiskService; readonly clock: Clock },
  { owner, name }: DiskRef,
): Promise<NeededDisk> {
  const known = await proxy.stores.dataDisks.find(`${owner}/${name}`);
  const found = await disks.locate({ owner, name });
  const describe = async (hostId: string, where: string): Promise<DiskWait | null> => {
    const away = await describeHostAbsence(proxy, clock, hostId);
    if (away === null) return null;
    if (away === "elsewhere") return { said: null, progress: null };
    const reason = `The data disk ${name} ${where} a host that is ${away}. The machine starts as soon as that host is back.`;
    const cause = { code: "DATA_DISK_WAITS", details: { disk: name } };
    return { said: { reason, cause }, progress: null };
  };
  switch (found.kind) {
    case "still":
      return { owner, name, hostId: found.host, wait: null };
    case "travels": {
      const progress = disks.progressOf(found.plan);
      const wait = { said: describeDiskTransfer(name, progress), progress };
      return { owner, name, hostId: found.plan.from, wait };
    }
    case "cut-off":
      return {
        ...{ owner, name, hostId: found.partner },
        wait: await describe(found.partner, "is on its way between two hosts, one of them is"),
      };
    case "absent":
      return { owner, name, hostId: known, wait: known === null ? null : await describe(known, "lies on") };
  }
}

/** What the owner of a machine reads while its disk is on its way. */
export function describeDiskTransfer(name: string, fraction: number): StatusReason {
  const percent = String(Math.floor(fraction * 100));
  return {
    reason: `Moving the data disk ${name} to the machine's new host: ${percent} %. It starts then.`,
    cause: { code: "DATA_DISK_TRAVELS", details: { disk: name, percent } },
  };
}

/** Null: the host is connected here; `elsewhere`: to another server. */
async function describeHostAbsence(proxy: Proxy, clock: Clock, hostId: string): Promise<string | null> {
  if (proxy.connectedAgents().some(({ id }) => id === hostId)) return null;
  const agent = await proxy.stores.agents.find(hostId);
  if (agent !== null && agent.serverId !== null && agent.serverId !== proxy.serverId) return "elsewhere";
  return describeDown(agent?.lastSeenAt ?? null, clock.now());
}
