import { z } from "zod";
import { machineCause } from "../../protocol/index.ts";
import { machineOptions } from "./machine-options.ts";
import type { MachineRecord } from "./state-records.ts";

const triedHosts = z.array(z.object({ host: z.string(), why: z.string() }));

/** A record as both databases keep it: truth as 0 and 1, progress in percent, lists as JSON. */
export interface MachineRow extends Omit<
  MachineRecord,
  "wish" | "tried" | "cause" | "oneShot" | "viewed" | "saved" | "progress"
> {
  readonly wish: string;
  readonly tried: string;
  readonly cause: string | null;
  readonly oneShot: number;
  readonly viewed: number;
  readonly saved: number;
  readonly progress: number | null;
  /** The server that looks for a host for it, and until when. */
  readonly claimedBy: string | null;
  readonly claimedUntil: number | null;
}

export function decodeMachineRow(row: MachineRow): MachineRecord {
  const { claimedBy: _by, claimedUntil: _until, ...rest } = row;
  return {
    ...rest,
    wish: machineOptions.parse(JSON.parse(row.wish)),
    cause: row.cause === null ? null : machineCause.parse(JSON.parse(row.cause)),
    tried: triedHosts.parse(JSON.parse(row.tried)),
    oneShot: row.oneShot === 1,
    viewed: row.viewed === 1,
    saved: row.saved === 1,
    progress: row.progress === null ? null : row.progress / 100,
  };
}

/** A whole record, of a machine that no server looks after yet. */
export function encodeNewMachine(record: MachineRecord): MachineRow {
  const { wish, tried, cause, oneShot, viewed, saved, progress, ...rest } = record;
  return {
    ...rest,
    wish: JSON.stringify(wish),
    tried: JSON.stringify(tried),
    cause: cause && JSON.stringify(cause),
    oneShot: Number(oneShot),
    viewed: Number(viewed),
    saved: Number(saved),
    progress: progress && Math.round(progress * 100),
    claimedBy: null,
    claimedUntil: null,
  };
}

/** What of a record is named, as its columns have it. */
export function encodeMachineRow(change: Partial<MachineRecord>): Partial<MachineRow> {
  const { wish, tried, cause, oneShot, viewed, saved, progress, ...rest } = change;
  const row = {
    ...rest,
    wish: wish && JSON.stringify(wish),
    tried: tried && JSON.stringify(tried),
    cause: cause && JSON.stringify(cause),
    oneShot: toNumber(oneShot),
    viewed: toNumber(viewed),
    saved: toNumber(saved),
    progress: progress === null || progress === undefined ? progress : Math.round(progress * 100),
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

function toNumber(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
