import { z } from "zod";
import { desktopName } from "./messages.ts";

/** What a server and a host say to each other about machines, in request, reply and event frames. */

export const machineState = z.enum([
  "queued",
  "preparing",
  "booting",
  "running",
  "stopping",
  "stopped",
  "failed",
]);
export type MachineState = z.infer<typeof machineState>;

/** One entry of a host's catalogue, as the server may show it: no paths. */
export const imageSummary = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9.+-]{0,63}$/),
  title: z.string().max(100),
  description: z.string().max(500),
  memoryMb: z.object({ default: z.number().int(), min: z.number().int() }),
  cpus: z.object({ default: z.number().int(), min: z.number().int() }),
  /** False with a reason: the image's file is missing on this host. */
  available: z.boolean(),
  reason: z.string().max(300).optional(),
});
export type ImageSummary = z.infer<typeof imageSummary>;

export const machineStatus = z.object({
  id: z.string().max(64),
  name: desktopName,
  image: z.string().max(64),
  state: machineState,
  /** Why it failed or stopped, in a sentence for people. */
  reason: z.string().max(500).optional(),
  accel: z.enum(["kvm", "tcg"]).optional(),
  cpus: z.number().int(),
  memoryMb: z.number().int(),
  /** Epoch milliseconds of the last change of state. */
  since: z.number(),
});
export type MachineStatus = z.infer<typeof machineStatus>;

export const machineCreate = z.object({
  /** Chosen by the server: a random id, unique over all hosts. */
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  name: desktopName,
  image: z.string().max(64),
  cpus: z.number().int().min(1).max(256).optional(),
  memoryMb: z.number().int().min(16).max(4_194_304).optional(),
});
export type MachineCreate = z.infer<typeof machineCreate>;

export const machineRef = z.object({ id: z.string().max(64) });
export const machineStop = machineRef.extend({ force: z.boolean().default(false) });
export const screenshotRequest = machineRef.extend({
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

/** method → schemas of params and result. */
export const hostMethods = {
  "image.list": { params: z.object({}), result: z.array(imageSummary) },
  "machine.create": { params: machineCreate, result: machineStatus },
  "machine.start": { params: machineRef, result: machineStatus },
  "machine.stop": { params: machineStop, result: machineStatus },
  "machine.remove": { params: machineRef, result: z.object({}) },
  "machine.list": { params: z.object({}), result: z.array(machineStatus) },
  "machine.screenshot": { params: screenshotRequest, result: screenshot },
} as const;
export type HostMethod = keyof typeof hostMethods;
export type HostParams<M extends HostMethod> = z.input<(typeof hostMethods)[M]["params"]>;
export type HostResult<M extends HostMethod> = z.infer<(typeof hostMethods)[M]["result"]>;

/** event name → schema of its data. `machine.removed`: every trace of it is gone from the host. */
export const hostEvents = {
  "machine.state": machineStatus,
  "machine.removed": machineRef,
  "image.changed": z.object({}),
} as const;
export type HostEvent = keyof typeof hostEvents;
