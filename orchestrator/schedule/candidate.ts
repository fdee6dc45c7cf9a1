import type { DiskRef, ImageSummary, MachineCause } from "../../protocol/index.ts";
import type { MachineOptions, MachineRecord, TriedHost } from "../../proxy/index.ts";
import type { KnownHostFacts } from "../hosts/host-facts-cache.ts";
import type { ImageContent } from "../images/server-images.ts";

/** What a machine's owner is told. */
export interface StatusReason {
  readonly reason: string;
  /** Null: the sentence is a host's own. */
  readonly cause: MachineCause | null;
}

/** What a machine's record says while it has no host. */
export type WaitingStatus = Pick<MachineRecord, "state" | "reason" | "cause" | "progress" | "tried">;

/** Why no host can have a machine for now, because of its data disk. */
export type DiskWait =
  /** The disk is on its way; `progress`: how much has arrived, 0 to 1. */
  | { readonly kind: "transfer"; readonly progress: number }
  /** The disk's host is connected to no server. */
  | { readonly kind: "hostDown"; readonly status: StatusReason }
  /** The disk's host is connected to another server, which schedules the machine. */
  | { readonly kind: "otherServer" };

/** A machine's data disk. */
export interface NeededDisk extends DiskRef {
  /** Where it is stored; null: nowhere yet. */
  readonly hostId: string | null;
  /** Null: any host can have the machine. */
  readonly wait: DiskWait | null;
}

/** What a machine needs of a host; 0: the image's own number, which its host knows. */
export interface Need {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly gpu: MachineOptions["gpu"];
  readonly dataDisk: NeededDisk | null;
}

/** How a host gets the server's image: `here`: it has it, `coming`: a transfer runs, `lacking`: one is needed. */
export interface ImageFetch {
  readonly content: ImageContent;
  readonly state: "here" | "coming" | "lacking";
}

export type CandidateImage =
  /** `fetch`: null if the image is the host's own. */
  | { readonly kind: "offered"; readonly image: ImageSummary; readonly fetch: ImageFetch | null }
  | { readonly kind: "notOffered" }
  | { readonly kind: "noAnswer" };

/** A host that is connected here. */
export interface CandidateHost {
  readonly id: string;
  readonly name: string;
  readonly drained: boolean;
  /** Machines there are for others; absent: for everybody. */
  readonly reserved?: boolean;
  readonly image: CandidateImage;
  readonly facts: KnownHostFacts;
  /** Machines that are known to be there and not off. */
  readonly placed: number;
}

/** Everything that was collected to schedule one machine. */
export interface CandidateSurvey {
  readonly need: Need;
  readonly candidates: readonly CandidateHost[];
  /** Hosts that are connected to no server. */
  readonly down: readonly TriedHost[];
  /** The server itself has the image, for hosts that take it. */
  readonly isServed: boolean;
  /** Another server has a host too, and may schedule the machine. */
  readonly onOtherServers: boolean;
}

/** Why a host cannot take a machine. */
export interface Rejection {
  /** `notNow`: it could at another time; `never`: it cannot at all. */
  readonly kind: "noAnswer" | "notNow" | "never";
  readonly why: string;
  /** What the host itself refused with. */
  readonly cause?: MachineCause;
}

/** A host that was considered or asked; `asked`: the rejection is the host's own. */
export interface HostRejection extends Rejection {
  readonly hostId: string;
  readonly host: string;
  readonly asked: boolean;
}
