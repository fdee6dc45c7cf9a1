import {
  DISK_PIECE_BYTES,
  isPosternError,
  RequestError,
  type Clock,
  type DiskCopy,
  type HostMethod,
  type HostParams,
  type HostResult,
} from "../../protocol/index.ts";
import { nextStep } from "./next-step.ts";
import type { DiskTransferPlan } from "./plan-disk-transfers.ts";

/** How often a host is asked whether it has worked out a checksum, in milliseconds. */
const ASK_AGAIN_MS = 500;
/** How often a disk that came damaged is sent. */
const MAX_TRIES = 3;

export type RequestHost = <M extends HostMethod>(
  host: string,
  method: M,
  params: HostParams<M>,
) => Promise<HostResult<M>>;

/**
 * Takes a data disk from one host to another, or goes on with that. It may be called again after any failure; before
 * the old copy has yielded, a refusal of the new host leaves the disk where it was.
 * @param onProgress how much of it has arrived, 0 to 1
 * @returns `stayed`: the journey had been given up, and what it left behind is gone
 * @throws RequestError `DISK_STUCK`, and whatever the hosts refuse with; `signal` ends it between two steps
 */
export async function runDiskTransfer(
  plan: DiskTransferPlan,
  ask: RequestHost,
  clock: Clock,
  signal: AbortSignal,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<"moved" | "stayed"> {
  const { journey, from, to, owner, name } = plan;
  const ref = { owner, name };
  let last = "";
  for (let tries = 1; ;) {
    signal.throwIfAborted();
    const [leaving, arriving] = await Promise.all([findCopy(plan, from, ask), findCopy(plan, to, ask)]);
    const step = nextStep(journey, leaving, arriving);
    // A host that says yes and does nothing would keep us here for ever.
    const sign = `${step} ${arriving?.bytes ?? 0}`;
    if (sign === last && step !== "export" && step !== "check") throw stuck(name);
    last = sign;
    switch (step) {
      case "done":
        return "moved";
      case "stuck":
        // As long as it has not left, it is the disk, and machines need not wait for nothing.
        if (leaving?.state === "leaving" && leaving.journey === journey)
          await ask(from, "disk.stay", { journey });
        throw stuck(name);
      case "export":
        if ((await ask(from, "disk.export", { ...ref, journey, partner: to })).sha256 === undefined)
          await pause(clock);
        break;
      case "import":
        await beginImport(plan, leaving, ask);
        break;
      case "copy":
        await copyRest(plan, arriving?.bytes ?? 0, ask, signal, (bytes) => {
          onProgress(bytes / Math.max(1, leaving?.bytes ?? 0));
        });
        break;
      case "check":
        try {
          if ((await ask(to, "disk.check", { journey })).state === "arriving") await pause(clock);
        } catch (error) {
          if (!isPosternError(error) || error.code !== "DISK_DAMAGED" || tries >= MAX_TRIES) throw error;
          tries += 1;
        }
        break;
      case "yield":
        await ask(from, "disk.yield", { journey });
        break;
      case "settle":
        await ask(to, "disk.settle", { journey });
        break;
      case "forget":
        await ask(from, "disk.forget", { journey });
        break;
      case "drop":
        await ask(to, "disk.drop", { journey });
        return "stayed";
    }
  }
}

async function findCopy(
  { owner, name }: DiskTransferPlan,
  host: string,
  ask: RequestHost,
): Promise<DiskCopy | null> {
  const copies = await ask(host, "disk.list", {});
  return copies.find((copy) => copy.owner === owner && copy.name === name) ?? null;
}

async function beginImport(
  plan: DiskTransferPlan,
  leaving: DiskCopy | null,
  ask: RequestHost,
): Promise<void> {
  const { journey, from, to } = plan;
  if (leaving?.sha256 === undefined) return;
  const { owner, name, sizeGb, bytes, sha256 } = leaving;
  try {
    await ask(to, "disk.import", { owner, name, journey, partner: from, sizeGb, bytes, sha256 });
  } catch (error) {
    if (error instanceof RequestError && error.code !== "HOST_OFFLINE")
      await ask(from, "disk.stay", { journey });
    throw error;
  }
}

/** Piece after piece; what is read next travels while the last one is written. */
async function copyRest(
  plan: DiskTransferPlan,
  begin: number,
  ask: RequestHost,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { journey, from, to } = plan;
  const read = async (offset: number) => (await ask(from, "disk.read", { journey, offset })).data;
  let offset = begin;
  let data = await read(offset);
  while (data !== "") {
    signal.throwIfAborted();
    const length = Buffer.byteLength(data, "base64");
    const [{ bytes }, next] = await Promise.all([
      ask(to, "disk.write", { journey, offset, data }),
      length < DISK_PIECE_BYTES ? "" : read(offset + length),
    ]);
    // Somebody else wrote, or something was lost: what is there decides.
    if (bytes !== offset + length) return;
    onBytes(bytes);
    offset = bytes;
    data = next;
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(ASK_AGAIN_MS, resolve));
}

function stuck(name: string): RequestError {
  const text = `The data disk ${name} cannot travel: its two hosts do not agree about it.`;
  return RequestError.public("DISK_STUCK", text);
}
