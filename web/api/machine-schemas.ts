import { z } from "zod";
import {
  accel,
  bootLog,
  displayAdapter,
  imageSummary,
  machineCause,
  machineCredential,
  machineState,
  machineTraits,
  networkKind,
  machineSnapshot,
  snapshotName,
} from "../../protocol/index.ts";
import { accessLevel } from "./rights-schemas.ts";

export const machine = z.object({
  ...machineTraits.shape,
  id: z.string(),
  name: z.string(),
  image: z.string(),
  imageTitle: z.string(),
  owner: z.string(),
  /** How far the caller's right to it goes. */
  access: accessLevel,
  /** The last that is known of it, where it is not reachable. */
  state: machineState,
  /** False: its host is not connected to this server. Until it is back, nothing that the host would do can be done. */
  reachable: z.boolean(),
  /** Why it failed, stopped or waits: a sentence in English. */
  reason: z.string().nullable(),
  /** The same for programs and other languages; null: there is no reason, or an older host gave it. */
  cause: machineCause.nullable(),
  accel: accel.nullable(),
  /** Null: the caller may see it and no more, and learns nothing of its sizes, disks and addresses. */
  cpus: z.number().int().nullable(),
  /** Null as for `cpus`. */
  memoryMb: z.number().int().nullable(),
  /** GiB of its own disk; null: as the image has it, or as for `cpus`. */
  diskGb: z.number().int().nullable(),
  dataDisk: z.string().nullable(),
  gpu: z.enum(["none", "passthrough", "mdev"]),
  network: networkKind.nullable(),
  display: displayAdapter.nullable(),
  /** The keyboard layout that was asked for; null: as the image has it. */
  keymap: z.string().nullable(),
  /** Writes to the image itself. */
  master: z.boolean(),
  lifetimeSeconds: z.number().nullable(),
  /** When this run ends; null: never, or it is off. */
  expiresAt: z.number().nullable(),
  /** In the last tenth of its lifetime. */
  expiresSoon: z.boolean(),
  /** The server is stopping it. */
  ending: z.boolean(),
  /** Its memory is saved: the next start resumes from it. */
  saved: z.boolean(),
  /** `stopping` by its power button: when it is switched off unless `keep` comes first. */
  powerOffAt: z.number().nullable(),
  /** Progress of its state, 0 to 1; null: not known. */
  progress: z.number().nullable(),
  /** Its image is in transfer to a host; `progress` is that of the transfer. */
  fetching: z.boolean().optional(),
  /** Of the guest, as the agent in it says; absent: none are known, or as for `cpus`. */
  addresses: z.array(z.string()).optional(),
  /** Hosts that could not take it, while it waits; users get null instead of names. */
  tried: z.array(z.object({ host: z.string().nullable(), why: z.string() })),
  /** The caller's own, of an image that takes boot scripts: `GET /machines/ID/credential` may have something to tell. */
  credential: z.boolean(),
  createdAt: z.number(),
  since: z.number(),
  /** The desktop's name for tokens and tickets; equals the machine's name. */
  desktop: z.string(),
  /** Set once its screen can be connected to. */
  desktopId: z.string().nullable(),
  /** Its further screens that can be connected to now: desktops of their own, numbered from 2. */
  screens: z.array(z.object({ number: z.number().int(), desktop: z.string(), desktopId: z.string() })),
  host: z.string().nullable(),
  viewers: z.number().int(),
});
/**
 * GET /machines → machine[]; GET /machines/ID → machine; POST /machines (machineCreateRequest) → 201 machine, in state `queued`;
 * POST /machines/ID/start, /stop ({force}), /pause, /resume, /reset, /keep, /save, /extend (machineExtendRequest) → machine;
 * POST /machines/ID/adopt (machineAdoptRequest) → machine, administrators only;
 * POST /machines/ID/close → 204, one-shot machines only; DELETE /machines/ID → 204;
 * GET /machines/ID/snapshots → snapshot[]; POST /machines/ID/snapshots ({name}) → snapshot[];
 * DELETE /machines/ID/snapshots/NAME → snapshot[]; POST /machines/ID/snapshots/NAME/restore → machine;
 * GET /machines/ID/credential → machineCredential, for the machine's owner alone, else 403 `CREDENTIAL_FORBIDDEN`;
 * GET /machines/ID/boot-log → bootLog; POST /machines/ID/save-as-image (saveAsImageRequest) → 201 image;
 * GET /machines/ID/screen.png → image/png, at most 320 wide (`?width=N`, up to 1280), ETag; 409 `MACHINE_NOT_RUNNING`.
 */
export type Machine = z.infer<typeof machine>;

export { machineCreateRequest } from "../../protocol/index.ts";
export const machineStopRequest = z.object({ force: z.boolean().default(false) });
export const machineAdoptRequest = z.object({ hostId: z.string().min(1).max(64) });
/** Without `seconds`: by its lifetime. Always from now on. */
export const machineExtendRequest = z.object({
  seconds: z.number().int().min(60).max(31_536_000).optional(),
});
export const screenQuery = z.object({ width: z.coerce.number().int().min(16).max(1280).default(320) });
export const snapshotRequest = z.object({ name: snapshotName });
export const saveAsImageRequest = z.object({
  image: imageSummary.shape.id,
  title: imageSummary.shape.title.min(1),
  compress: z.boolean().default(false),
});
export const snapshot = machineSnapshot;
export type { BootLog, MachineCredential, MachineSnapshot } from "../../protocol/index.ts";
export { bootLog, machineCredential };

const amounts = z.object({
  machines: z.number().nullable(),
  cpus: z.number().nullable(),
  memoryMb: z.number().nullable(),
  diskGb: z.number().nullable(),
});
/** GET /allowance → what the caller may have, and has. Null: no limit. */
export const allowance = z.object({
  limits: amounts.extend({ lifetimeSeconds: z.number().nullable() }),
  used: z.object({
    machines: z.number(),
    cpus: z.number(),
    memoryMb: z.number(),
    diskGb: z.number(),
  }),
  may: z.array(z.enum(["script", "internet", "gpu", "master", "extend"])),
});
export type Allowance = z.infer<typeof allowance>;
