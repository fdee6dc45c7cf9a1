import { parseHostPort, type HostPort, ConfigError } from "../../protocol/index.ts";

/** `HOST:PORT` or `[IPv6]:PORT`. @throws ConfigError `ADDRESS` */
export function parseAddress(text: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed) return parsed;
  throw new ConfigError("ADDRESS", `"${text}" is no address. Write HOST:PORT, for example 127.0.0.1:8443.`);
}

/** `NAME=VALUE`. @throws ConfigError `NAME_VALUE` */
export function parseNameValue(text: string, option: string): { name: string; value: string } {
  const cut = text.indexOf("=");
  if (cut < 1 || cut === text.length - 1) {
    throw new ConfigError("NAME_VALUE", `${option} ${text}: write NAME=VALUE.`);
  }
  return { name: text.slice(0, cut), value: text.slice(cut + 1) };
}

/** For options that can be given several times. */
export function collectValues(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** A whole number of at least `min`. @throws ConfigError `NUMBER` */
export function parseInteger(option: string, min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min) {
      throw new ConfigError("NUMBER", `${option} ${text}: write a whole number of at least ${min}.`);
    }
    return value;
  };
}

/** A number above 0, with or without a fraction. @throws ConfigError `NUMBER` */
export function parsePositiveNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isFinite(value) || value <= 0)
      throw new ConfigError("NUMBER", `${option} ${text}: write a number above 0.`);
    return value;
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `2h`, `30m`, `7d` ago, or an ISO 8601 date or time; epoch milliseconds. @throws ConfigError `TIME` */
export function parseTime(option: string, now: number): (text: string) => number {
  return (text) => {
    const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    const time = count === undefined ? Date.parse(text) : now - Number(count) * (UNIT_MS[unit] ?? 0);
    if (!Number.isNaN(time)) return time;
    throw new ConfigError("TIME", `${option} ${text}: write 2h, 30m, 7d or a time as 2026-01-31T12:00:00Z.`);
  };
}

const SIZE_MIB: Readonly<Record<string, number>> = { M: 1, G: 1024, T: 1024 ** 2 };

/**
 * A size in `unit`: `8192` is one in that unit, `512M`, `8G`, `1T` (also `GB`, `GiB`) are what they say.
 * @throws ConfigError `SIZE`
 */
export function parseSize(option: string, unit: "MiB" | "GiB", min: number): (text: string) => number {
  const own = unit === "MiB" ? "M" : "G";
  return (text) => {
    const [, count, letter = own] = /^(\d{1,9})([MGT])?(?:i?B)?$/i.exec(text) ?? [];
    const ownMib = SIZE_MIB[own] ?? 1;
    const size = (Number(count ?? NaN) * (SIZE_MIB[letter.toUpperCase()] ?? NaN)) / ownMib;
    if (Number.isInteger(size) && size >= min) return size;
    const example = unit === "MiB" ? "2048, 512M or 8G" : "40, 40G or 1T";
    throw new ConfigError("SIZE", `${option} ${text}: write whole ${unit}, at least ${min}: ${example}.`);
  };
}

/** Seconds: `3600`, or `90s`, `30m`, `8h`, `2d`. @throws ConfigError `DURATION` */
export function parseDurationSeconds(option: string, min: number): (text: string) => number {
  return (text) => {
    const [, count, unit = "s"] = /^(\d{1,8})([smhd])?$/.exec(text) ?? [];
    const seconds = (Number(count ?? NaN) * (UNIT_MS[unit] ?? 0)) / 1000;
    if (seconds >= min) return seconds;
    throw new ConfigError("DURATION", `${option} ${text}: write at least ${min} seconds, or 30m, 8h, 2d.`);
  };
}
