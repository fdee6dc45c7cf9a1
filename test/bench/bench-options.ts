import { parseArgs } from "node:util";

/** What is measured, in this order. */
export const BENCH_PARTS = ["relay", "desktops"] as const;
export type BenchPart = (typeof BENCH_PARTS)[number];

export interface BenchOptions {
  readonly parts: readonly BenchPart[];
  /** Names of peers or of targets; empty: all. */
  readonly only: readonly string[];
  /** How often each target has its turn. */
  readonly rounds: number;
  /** Each flow of bytes. */
  readonly flowMs: number;
  /** Round trips for p50 and p99. */
  readonly pings: number;
  /** Connections for the first update, and for the first picture of a desktop. */
  readonly connections: number;
  /** Each scene of a desktop. */
  readonly sceneMs: number;
  readonly quick: boolean;
  /** Whether to ask for real-time priority. */
  readonly realtime: boolean;
  /** Where the figures go. */
  readonly json: string;
}

const FULL = { rounds: 3, flowMs: 3_000, pings: 1_000, connections: 20, sceneMs: 10_000 } as const;
const QUICK = { rounds: 1, flowMs: 1_000, pings: 200, connections: 5, sceneMs: 4_000 } as const;

/** @throws Error that tells what may be said instead */
export function parseBenchOptions(args: readonly string[], knownNames: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      only: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      realtime: { type: "boolean", default: true },
      rounds: { type: "string" },
      secs: { type: "string" },
      json: { type: "string", default: "test/results/bench.json" },
    },
  });
  const { quick, realtime, json } = values;
  const only = values.only.split(",").filter((name) => name !== "");
  requireKnown(only, knownNames);
  requireKnown(positionals, BENCH_PARTS);
  const chosen = BENCH_PARTS.filter((part) => positionals.includes(part));
  const { rounds, flowMs, sceneMs, ...counts } = quick ? QUICK : FULL;
  const ms = values.secs === undefined ? undefined : 1_000 * parsePositive("--secs", values.secs);
  return {
    parts: chosen.length === 0 ? BENCH_PARTS : chosen,
    only,
    rounds: values.rounds === undefined ? rounds : Math.ceil(parsePositive("--rounds", values.rounds)),
    flowMs: ms ?? flowMs,
    sceneMs: ms ?? sceneMs,
    ...counts,
    quick,
    realtime,
    json,
  };
}

function requireKnown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no ${unknown}. Choose from: ${known.join(", ")}.`);
}

function parsePositive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${option} takes a number over 0, not "${text}".`);
}
