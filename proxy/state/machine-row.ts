import { z } from "zod";
import { machineCause } from "../../protocol/index.ts";
import { machineOptions } from "./machine-options.ts";
import type { MachineRecord } from "./state-records.ts";

/** How a value of a record is kept in its column. */
interface ColumnCodec<Value, Kept> {
  encode(value: Value): Kept;
  decode(kept: Kept): Value;
}

/** A codec of which only the record's side is known. */
interface AnyCodec<Value = unknown> {
  encode(value: never): unknown;
  decode(kept: never): Value;
}

const flag: ColumnCodec<boolean, number> = { encode: Number, decode: (kept) => kept === 1 };

/** From 0 to 1; in percent. */
const fraction: ColumnCodec<number | null, number | null> = {
  encode: (value) => (value === null ? null : Math.round(value * 100)),
  decode: (kept) => (kept === null ? null : kept / 100),
};

function json<Value>(schema: z.ZodType<Value>): ColumnCodec<Value, string> {
  return { encode: (value) => JSON.stringify(value), decode: (kept) => schema.parse(JSON.parse(kept)) };
}

function orNull<Value, Kept>({
  encode,
  decode,
}: ColumnCodec<Value, Kept>): ColumnCodec<Value | null, Kept | null> {
  return {
    encode: (value) => (value === null ? null : encode(value)),
    decode: (kept) => (kept === null ? null : decode(kept)),
  };
}

/** The columns that hold something else than the record; both databases keep the others as they are. */
const CODECS = {
  wish: json(machineOptions),
  tried: json(z.array(z.object({ host: z.string(), why: z.string() }))),
  cause: orNull(json(machineCause)),
  oneShot: flag,
  viewed: flag,
  saved: flag,
  progress: fraction,
} satisfies { [Name in keyof MachineRecord]?: AnyCodec<MachineRecord[Name]> };

type Codecs = typeof CODECS;

/** A record as both databases keep it. */
export type MachineRow = Omit<MachineRecord, keyof Codecs> & {
  readonly [Name in keyof Codecs]: ReturnType<Codecs[Name]["encode"]>;
} & {
  /** The server that looks for a host for it, and until when. */
  readonly claimedBy: string | null;
  readonly claimedUntil: number | null;
};

export function decodeMachineRow(row: MachineRow): MachineRecord {
  const { claimedBy: _by, claimedUntil: _until, ...kept } = row;
  return convert(kept, "decode") as MachineRecord;
}

/** A whole record, of a machine that no server looks after yet. */
export function encodeNewMachine(record: MachineRecord): MachineRow {
  return { ...(convert(record, "encode") as MachineRow), claimedBy: null, claimedUntil: null };
}

/** What of a record is named, as its columns have it. */
export function encodeMachineRow(change: Partial<MachineRecord>): Partial<MachineRow> {
  return convert(change, "encode") as Partial<MachineRow>;
}

/** Each value by its column's codec; what is undefined is left out. */
function convert(values: object, direction: "encode" | "decode"): object {
  const codecs: Readonly<Record<string, AnyCodec>> = CODECS;
  const named = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    named.map(([name, value]) => {
      const codec = codecs[name];
      return [name, codec === undefined ? value : codec[direction](value as never)];
    }),
  );
}
