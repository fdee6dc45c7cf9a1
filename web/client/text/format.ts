/** Numbers and times formatted for people, in their language. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

function formatUnit(value: number, unit: string, language: string, digits: number): string {
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(value);
}

/** `megabytes` as a machine's memory: 512 MB, 1.5 GB. */
export function formatMemory(megabytes: number, language: string): string {
  return megabytes < 1024
    ? formatUnit(megabytes, "megabyte", language, 0)
    : formatUnit(megabytes / 1024, "gigabyte", language, 1);
}

/** A share from 0 to 1 as percent. */
export function formatShare(share: number, language: string): string {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

export function formatBytes(bytes: number, language: string): string {
  let value = bytes;
  let step = 0;
  while (value >= 1000 && step < UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  return formatUnit(value, UNITS[step] ?? "byte", language, value < 10 && step > 0 ? 1 : 0);
}

/** A duration in one unit, rounded down: 45 s, 12 min, 3 h, 2 days. */
export function formatDuration(ms: number, language: string): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return formatUnit(seconds, "second", language, 0);
  if (seconds < 3600) return formatUnit(Math.floor(seconds / 60), "minute", language, 0);
  if (seconds < 86_400) return formatUnit(Math.floor(seconds / 3600), "hour", language, 0);
  return formatUnit(Math.floor(seconds / 86_400), "day", language, 0);
}

/** A time relative to `now`: 5 minutes ago. */
export function formatRelative(at: number, now: number, language: string): string {
  const seconds = Math.min(0, Math.round((at - now) / 1000));
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  if (seconds > -60) return format.format(seconds > -10 ? 0 : seconds, "second");
  if (seconds > -3600) return format.format(Math.ceil(seconds / 60), "minute");
  if (seconds > -86_400) return format.format(Math.ceil(seconds / 3600), "hour");
  return format.format(Math.ceil(seconds / 86_400), "day");
}

export function formatDate(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(at);
}

export function formatExact(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(at);
}
