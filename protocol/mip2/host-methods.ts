import { z } from "zod";
import { diskMethods } from "./disk-methods.ts";
import { imageMethods } from "./image-methods.ts";
import { displayAdapter, imageSummary, networkKind } from "./image-summary.ts";
import { desktopName, peerText, receivedDesktopName } from "./frame-schemas.ts";
import { ACCELERATORS, DATA_DISK_NAME, GUEST_ADDRESS, isKeymap, RECORDED_KEYMAP } from "./names.ts";

/** The messages between server and host about machines, in request, reply and event frames. */

export const machineState = z.enum([
  "queued",
  "preparing",
  "booting",
  "running",
  /** The virtual processors are stopped; memory and screen are kept. */
  "paused",
  /** Memory is being written to disk. `stopped` follows, and the next start resumes from there. */
  "saving",
  "stopping",
  "stopped",
  "failed",
]);
export type MachineState = z.infer<typeof machineState>;

export const accel = z.enum(ACCELERATORS);

/** The code of a reason and the values of its sentence's placeholders, for translations and for programs. */
export const machineCause = z.object({
  code: z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/),
  details: z.record(z.string().max(32), peerText(300)).default({}),
});
export type MachineCause = z.infer<typeof machineCause>;

const machineStatus = z.object({
  id: z.string().max(64),
  name: receivedDesktopName,
  image: z.string().max(64),
  state: machineState,
  /** Why it failed or stopped: a sentence for people. */
  reason: peerText(500).optional(),
  /** The same for programs and translations. Older hosts send only the sentence. */
  cause: machineCause.optional(),
  accel: accel.optional(),
  cpus: z.number().int(),
  memoryMb: z.number().int(),
  /** Epoch milliseconds of the last change of state. */
  since: z.number(),
  /** Progress of the work of this state, 0 to 1, where known (downloading, copying, saving). */
  progress: z.number().min(0).max(1).optional(),
  /** Its memory is saved on disk: the next start resumes from there. */
  saved: z.boolean().optional(),
  /** `stopping` by its power button: milliseconds until it is switched off. `machine.keep` cancels that. */
  powerOffInMs: z.number().int().min(0).max(86_400_000).optional(),
  /**
   * Of the guest, as its agent says; IPv4 or IPv6. Older hosts, and guests without an agent, send none. They are a
   * guest's words: others than these are passed over, and cost the host nothing.
   */
  addresses: z.array(z.string().regex(GUEST_ADDRESS)).max(8).optional().catch(undefined),
});
export type MachineStatus = z.infer<typeof machineStatus>;

export const machineCreate = z.object({
  /** Chosen by the server: a random id, unique over all hosts. */
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  name: receivedDesktopName,
  image: z.string().max(64),
  cpus: z.number().int().min(1).max(256).optional(),
  memoryMb: z.number().int().min(16).max(4_194_304).optional(),
  /** The person who requested it: for the symbols of boot scripts and the location of data disks. */
  owner: z.string().max(64).default(""),
  /** GiB; at least the image's. */
  diskGb: z.number().int().min(1).max(65_536).optional(),
  /** Uses the image's own disk instead of an overlay; one machine at a time. Needs the privilege `master`. */
  master: z.boolean().default(false),
  /** A disk of the owner that outlives machines. It is created at its first use, with `sizeGb`. */
  dataDisk: z
    .object({
      name: z.string().regex(DATA_DISK_NAME),
      sizeGb: z.number().int().min(1).max(65_536),
    })
    .optional(),
  /** Its data disk is known to exist on this host: no new one is created. */
  dataDiskKnown: z.boolean().default(false),
  /** Text of a boot script, or `catalogue` for only the image's own scripts. */
  script: z.string().max(65_536).optional(),
  display: displayAdapter.optional(),
  /** Number of screens, where the adapter has more than one. */
  monitors: z.number().int().min(1).max(4).default(1),
  /** A keyboard layout. What people ask for is checked in {@link machineCreateRequest}; records may hold others. */
  keymap: z.string().regex(RECORDED_KEYMAP).optional(),
  network: networkKind.optional(),
  /** `passthrough`: a whole physical GPU; `mdev`: a mediated device of one. */
  gpu: z.enum(["none", "passthrough", "mdev"]).default("none"),
  /** An empty disk of `diskGb` beside an installation image. */
  emptyDisk: z.boolean().default(false),
});
/** The request before validation; {@link machineCreate} fills in the defaults. */
export type MachineCreate = z.input<typeof machineCreate>;

/** What a user sets on a machine that is stored and shown unchanged; hosts do not receive it. */
export const machineTraits = z.object({
  /** Deleted when its last viewer leaves. */
  oneShot: z.boolean().default(false),
});
export type MachineTraits = z.output<typeof machineTraits>;

/** A person's request to a server, which then sends {@link machineCreate} to a host. */
export const machineCreateRequest = machineCreate.omit({ id: true, owner: true }).extend({
  image: z.string().min(1).max(64),
  ...machineTraits.shape,
  name: desktopName.optional(),
  keymap: z
    .string()
    .refine((name) => isKeymap(name), "QEMU has no such keyboard layout")
    .optional(),
  lifetimeSeconds: z.number().int().min(60).max(31_536_000).optional(),
});
export type MachineCreateRequest = z.output<typeof machineCreateRequest>;

const machineRef = z.object({ id: z.string().max(64) });
const machineStart = machineRef.extend({
  dataDiskKnown: machineCreate.shape.dataDiskKnown,
});
const machineStop = machineRef.extend({ force: z.boolean().default(false) });
const screenshotRequest = machineRef.extend({
  maxWidth: z.number().int().min(16).max(4096).default(320),
});
export const screenshot = z.object({
  /** PNG, base64. */
  png: z.string(),
  /** Size of the guest's screen, before scaling. */
  width: z.number().int(),
  height: z.number().int(),
});
export type Screenshot = z.infer<typeof screenshot>;

/** What administrators and the scheduler know about a host. Memory and disk in MiB, load per processor. */
export const hostFacts = z.object({
  cpus: z.number().int(),
  memoryMb: z.object({ total: z.number().int(), free: z.number().int() }),
  diskMb: z.object({ total: z.number().int(), free: z.number().int() }),
  /** One-minute load average divided by the number of processors. */
  load: z.number(),
  /** Machines that are not stopped, and their maximum. */
  instances: z.object({ running: z.number().int(), max: z.number().int() }),
  accel,
  gpus: z
    .array(z.object({ name: peerText(100), mode: z.enum(["passthrough", "mdev"]), free: z.boolean() }))
    .max(64),
  /** Names of the data disks on this host, `OWNER/NAME`. */
  dataDisks: z.array(z.string().max(120)).max(10_000),
  /** Space that images from the server may still use here, MiB. Absent: this host accepts none. */
  serverImagesMb: z.number().int().optional(),
});
export type HostFacts = z.infer<typeof hostFacts>;

export const snapshotName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/);
const snapshotRef = machineRef.extend({ name: snapshotName });
export const machineSnapshot = z.object({
  name: snapshotName,
  createdAt: z.number(),
  withMemory: z.boolean(),
  bytes: z.number(),
});
export type MachineSnapshot = z.infer<typeof machineSnapshot>;

/** The last bytes that the guest wrote to its serial port. */
export const bootLog = z.object({ text: z.string(), truncated: z.boolean() });
export type BootLog = z.infer<typeof bootLog>;

/** The value of `@CREDENTIAL@` in a machine's boot scripts. Null: no script uses one. */
export const machineCredential = z.object({ credential: z.string().max(64).nullable() });
export type MachineCredential = z.infer<typeof machineCredential>;

/** method → schemas of params and result. */
export const hostMethods = {
  "host.facts": { params: z.object({}), result: hostFacts },
  "image.list": { params: z.object({}), result: z.array(imageSummary) },
  "machine.create": { params: machineCreate, result: machineStatus },
  "machine.start": { params: machineStart, result: machineStatus },
  "machine.stop": { params: machineStop, result: machineStatus },
  "machine.pause": { params: machineRef, result: machineStatus },
  "machine.resume": { params: machineRef, result: machineStatus },
  "machine.reset": { params: machineRef, result: machineStatus },
  /** Cancels the end that `machine.stop` without `force` announced. */
  "machine.keep": { params: machineRef, result: machineStatus },
  /** Writes memory to disk, then stops QEMU. */
  "machine.save": { params: machineRef, result: machineStatus },
  "machine.boot-log": { params: machineRef, result: bootLog },
  /** For the machine's owner only. */
  "machine.credential": { params: machineRef, result: machineCredential },
  "machine.snapshots": { params: machineRef, result: z.array(machineSnapshot) },
  "machine.snapshot": { params: snapshotRef, result: z.array(machineSnapshot) },
  "machine.restore": { params: snapshotRef, result: machineStatus },
  "machine.snapshot-remove": { params: snapshotRef, result: z.array(machineSnapshot) },
  /** Turns a stopped machine's disk into an image of this host's catalogue. */
  "machine.save-as-image": {
    params: machineRef.extend({
      image: imageSummary.shape.id,
      title: imageSummary.shape.title,
      /** Hosts of before do not know it, and do not compress. */
      compress: z.boolean().default(false),
    }),
    result: imageSummary,
  },
  "machine.remove": { params: machineRef, result: z.object({}) },
  "machine.list": { params: z.object({}), result: z.array(machineStatus) },
  "machine.screenshot": { params: screenshotRequest, result: screenshot },
  ...diskMethods,
  ...imageMethods,
} as const;
export type HostMethod = keyof typeof hostMethods;
export type HostParams<M extends HostMethod> = z.input<(typeof hostMethods)[M]["params"]>;
export type HostResult<M extends HostMethod> = z.infer<(typeof hostMethods)[M]["result"]>;

/** event name → schema of its data. `machine.removed`: all its files are deleted from the host. */
export const hostEvents = {
  "machine.state": machineStatus,
  "machine.removed": machineRef,
  "image.changed": z.object({}),
} as const;
export type HostEvent = keyof typeof hostEvents;
