import {
  DISK_PIECE_BYTES,
  isPosternError,
  RequestError,
  type Clock,
  type DiskCopy,
} from "../../protocol/index.ts";
import type { RequestHost } from "../hosts/host-access.ts";
import type { DiskTransferPlan } from "./disk-location.ts";
import { nextStep, type NextStep } from "./next-step.ts";

/** How often a host is asked whether it has computed a checksum, in milliseconds. */
const ASK_AGAIN_MS = 500;
/** How often a disk that arrived damaged is sent. */
const MAX_TRIES = 3;

export interface DiskTransferOptions {
  readonly request: RequestHost;
  readonly clock: Clock;
  /** Ends the transfer between two steps. */
  readonly signal: AbortSignal;
  /** How much of the disk has arrived, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

export type DiskTransferResult =
  | { readonly kind: "moved" }
  /** The transfer had been given up; what it left behind is removed. */
  | { readonly kind: "stayed" };

/**
 * Brings a data disk from one host to another, or resumes that. May be called again after any failure; until the source
 * has yielded, a refusal of the destination leaves the disk where it was.
 * @throws RequestError `DISK_STUCK`, and what the hosts refuse with
 */
export async function runDiskTransfer(
  plan: DiskTransferPlan,
  options: DiskTransferOptions,
): Promise<DiskTransferResult> {
  const { journey, from, to, owner, name } = plan;
  const { request, clock, signal, onProgress = () => undefined } = options;
  let last: { readonly kind: NextStep["kind"]; readonly bytes: number } | undefined;
  for (let tries = 1; ;) {
    signal.throwIfAborted();
    const [source, destination] = await Promise.all([
      findCopy(plan, from, request),
      findCopy(plan, to, request),
    ]);
    const step = nextStep(journey, source, destination);
    const bytes = destination?.bytes ?? 0;
    // A host that accepts a step and does nothing would keep the loop running forever.
    if (last?.kind === step.kind && last.bytes === bytes && step.kind !== "export" && step.kind !== "check")
      throw stuckError(name);
    last = { kind: step.kind, bytes };
    switch (step.kind) {
      case "done":
        return { kind: "moved" };
      case "stuck":
        // Machines need not wait for a transfer that cannot succeed.
        if (step.mayStay) await request(from, "disk.stay", { journey });
        throw stuckError(name);
      case "export": {
        const copy = await request(from, "disk.export", { owner, name, journey, partner: to });
        if (copy.sha256 === undefined) await pause(clock);
        break;
      }
      case "import":
        await beginImport(plan, step.source, request);
        break;
      case "copy":
        await copyRest(plan, step.offset, options, (arrived) => {
          onProgress(arrived / Math.max(1, step.total));
        });
        break;
      case "check":
        try {
          if ((await request(to, "disk.check", { journey })).state === "arriving") await pause(clock);
        } catch (error) {
          if (!isPosternError(error) || error.code !== "DISK_DAMAGED" || tries >= MAX_TRIES) throw error;
          tries += 1;
        }
        break;
      case "yield":
        await request(from, "disk.yield", { journey });
        break;
      case "settle":
        await request(to, "disk.settle", { journey });
        break;
      case "forget":
        await request(from, "disk.forget", { journey });
        break;
      case "drop":
        await request(to, "disk.drop", { journey });
        return { kind: "stayed" };
    }
  }
}

async function findCopy(
  { owner, name }: DiskTransferPlan,
  host: string,
  request: RequestHost,
): Promise<DiskCopy | null> {
  const copies = await request(host, "disk.list", {});
  return copies.find((copy) => copy.owner === owner && copy.name === name) ?? null;
}

async function beginImport(
  { journey, from, to }: DiskTransferPlan,
  source: DiskCopy & { readonly sha256: string },
  request: RequestHost,
): Promise<void> {
  const { owner, name, sizeGb, bytes, sha256 } = source;
  try {
    await request(to, "disk.import", { owner, name, journey, partner: from, sizeGb, bytes, sha256 });
  } catch (error) {
    if (error instanceof RequestError && error.code !== "HOST_OFFLINE")
      await request(from, "disk.stay", { journey });
    throw error;
  }
}

/** Piece after piece; the next one is read while the last one is written. */
async function copyRest(
  { journey, from, to }: DiskTransferPlan,
  begin: number,
  { request, signal }: DiskTransferOptions,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const read = async (offset: number) => (await request(from, "disk.read", { journey, offset })).data;
  let offset = begin;
  let data = await read(offset);
  while (data !== "") {
    signal.throwIfAborted();
    const length = Buffer.byteLength(data, "base64");
    const [{ bytes }, next] = await Promise.all([
      request(to, "disk.write", { journey, offset, data }),
      length < DISK_PIECE_BYTES ? "" : read(offset + length),
    ]);
    // Another server wrote, or something was lost: the copy's real length decides.
    if (bytes !== offset + length) return;
    onBytes(bytes);
    offset = bytes;
    data = next;
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(ASK_AGAIN_MS, resolve));
}

function stuckError(name: string): RequestError {
  const text = `The data disk ${name} cannot travel: its two hosts do not agree about it.`;
  return RequestError.public("DISK_STUCK", text);
}
