import type { GroupRow } from "../../api/schemas.ts";
import type { Text } from "../text/translations/languages.ts";

type Limits = GroupRow["limits"];

/** Limits that the page can set, how they are counted there, and the least of each. */
const FIELDS = {
  machines: { unit: 1, whole: true, least: 0 },
  tokens: { unit: 1, whole: true, least: 0 },
  cpus: { unit: 1, whole: true, least: 0 },
  memoryMb: { unit: 1024, whole: false, least: 0 },
  diskGb: { unit: 1, whole: true, least: 0 },
  lifetimeSeconds: { unit: 3600, whole: false, least: 60 },
} as const;

type LimitName = keyof typeof FIELDS;
export const LIMIT_NAMES = Object.keys(FIELDS) as readonly LimitName[];
/** As typed: a number, a dash for no limit, or nothing. */
type TypedLimits = Readonly<Record<LimitName, string>>;

const NO_LIMIT = "-";
const DASHES = new Set([NO_LIMIT, "–", "—", "∞"]);

export function readLimits(limits: Limits): TypedLimits {
  const read = (name: LimitName): string => {
    const value = limits[name];
    if (value === null) return NO_LIMIT;
    return typeof value === "number" ? String(Number((value / FIELDS[name].unit).toFixed(2))) : "";
  };
  return Object.fromEntries(LIMIT_NAMES.map((name) => [name, read(name)])) as Record<LimitName, string>;
}

/** What is wrong with a limit as typed; null: nothing. */
export function checkLimit(name: LimitName, typed: string): "wrongNumber" | "wrongAmount" | null {
  const text = typed.trim();
  if (text === "" || DASHES.has(text)) return null;
  const { whole, least, unit } = FIELDS[name];
  const right = whole ? /^\d{1,9}$/.test(text) : /^\d{1,9}(?:[.,]\d{1,2})?$/.test(text);
  return right && toNumber(text) * unit >= least ? null : whole ? "wrongNumber" : "wrongAmount";
}

/** What is typed, in place of what there was; limits that the page does not know stay. */
export function writeLimits(typed: TypedLimits, before: Limits): Limits {
  const shown = readLimits(before);
  const written = LIMIT_NAMES.flatMap((name): [string, unknown][] => {
    const text = typed[name].trim();
    if (text === "") return [];
    if (DASHES.has(text)) return [[name, null]];
    // What was rounded to be shown stays as it was.
    if (text === shown[name]) return [[name, before[name]]];
    return [[name, Math.round(toNumber(text) * FIELDS[name].unit)]];
  });
  const others = Object.entries(before).filter(([name]) => !(name in FIELDS));
  return Object.fromEntries([...written, ...others]);
}

export function hasOtherLimits(limits: Limits): boolean {
  return Object.keys(limits).some((name) => !(name in FIELDS));
}

/** In a few words; empty: there are none. */
export function describeLimits(limits: Limits, { groups }: Pick<Text, "groups">): string {
  const typed = readLimits(limits);
  const known = LIMIT_NAMES.filter((name) => typed[name] !== "").map((name) =>
    groups.summary[name](typed[name] === NO_LIMIT ? groups.unlimited : typed[name]),
  );
  return [...known, ...(hasOtherLimits(limits) ? [groups.otherLimits] : [])].join(", ");
}

function toNumber(text: string): number {
  return Number(text.replace(",", "."));
}
