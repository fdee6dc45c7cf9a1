import type { TriedHost } from "../../proxy/index.ts";
import type { ImageContent } from "../images/server-images.ts";
import { checkHost } from "./check-host.ts";
import { rankHosts } from "./rank-hosts.ts";
import { explainWaiting } from "./explain-waiting.ts";
import type {
  CandidateHost,
  CandidateSurvey,
  HostRejection,
  NeededDisk,
  WaitingStatus,
} from "./candidate.ts";
import { describeDiskTransfer } from "./needed-disk.ts";

/** A data disk that some host has. */
export interface StoredDisk extends NeededDisk {
  readonly hostId: string;
}

/** What has to be done so that a host gets a machine. */
type PlacementStep =
  /** The machine is scheduled again when its disk has arrived. */
  | { readonly kind: "sendDisk"; readonly disk: StoredDisk }
  | { readonly kind: "bringImage"; readonly content: ImageContent }
  /** `dataDiskKnown`: the machine's data disk exists on this host. */
  | { readonly kind: "create"; readonly dataDiskKnown: boolean };

export type Decision =
  /** This host, by these steps in their order. `rejections`: of the hosts that were considered before it. */
  | {
      readonly kind: "try";
      readonly host: CandidateHost;
      readonly steps: readonly PlacementStep[];
      readonly rejections: readonly HostRejection[];
    }
  | { readonly kind: "wait"; readonly status: WaitingStatus }
  /** Another server schedules the machine; its record is left alone. */
  | { readonly kind: "leaveToOthers" };

export interface ScheduledMachine {
  readonly image: string;
  /** Its record says that its image is on its way to a host, and no transfer of this server's is meant. */
  readonly isPreparedElsewhere: boolean;
}

/**
 * What to do next for a machine that has no host. Pure; called again after each rejection.
 * @param asked the rejections of the hosts that were tried so far, in their order
 */
export function schedule(
  machine: ScheduledMachine,
  survey: CandidateSurvey,
  asked: readonly HostRejection[] = [],
): Decision {
  const { need, candidates, down, onOtherServers } = survey;
  const { dataDisk } = need;
  if (dataDisk !== null && dataDisk.wait !== null) return waitForDisk(dataDisk.name, dataDisk.wait, down);
  const rejections: HostRejection[] = [];
  const fitting: CandidateHost[] = [];
  for (const host of candidates) {
    const rejection = checkHost(need, host);
    if (rejection === null) fitting.push(host);
    else rejections.push({ ...rejection, hostId: host.id, host: host.name, asked: false });
  }
  rejections.push(...asked);
  const tried = new Set(asked.map(({ hostId }) => hostId));
  const host = rankHosts(need, fitting).find(({ id }) => !tried.has(id));
  if (host !== undefined) return { kind: "try", host, steps: planSteps(host, dataDisk), rejections };
  if (machine.isPreparedElsewhere && onOtherServers) return { kind: "leaveToOthers" };
  return { kind: "wait", status: explainWaiting(machine.image, survey, rejections) };
}

function waitForDisk(
  name: string,
  wait: NonNullable<NeededDisk["wait"]>,
  tried: readonly TriedHost[],
): Decision {
  switch (wait.kind) {
    case "otherServer":
      return { kind: "leaveToOthers" };
    case "hostDown":
      return { kind: "wait", status: { state: "queued", ...wait.status, progress: null, tried } };
    case "transfer": {
      const { progress } = wait;
      const reason = describeDiskTransfer(name, progress);
      return { kind: "wait", status: { state: "queued", ...reason, progress, tried } };
    }
  }
}

function planSteps({ id, image }: CandidateHost, disk: NeededDisk | null): PlacementStep[] {
  if (disk !== null && isStored(disk) && disk.hostId !== id) return [{ kind: "sendDisk", disk }];
  const create: PlacementStep = { kind: "create", dataDiskKnown: disk !== null && isStored(disk) };
  if (image.kind !== "offered" || image.fetch === null) return [create];
  return [{ kind: "bringImage", content: image.fetch.content }, create];
}

function isStored(disk: NeededDisk): disk is StoredDisk {
  return disk.hostId !== null;
}
