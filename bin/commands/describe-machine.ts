import type { Machine } from "../../web/api/schemas.ts";

/** A machine in a few lines, with the hosts that rejected it. */
export function describeMachine(row: Machine): string {
  const lines = [`${row.name}: ${describeState(row)}${row.saved ? ", saved" : ""}`];
  if (!row.reachable) lines.push("Its host is not connected at the moment. The machine comes back with it.");
  if (row.reason !== null) lines.push(row.reason);
  for (const { host, why } of row.tried) lines.push(`host ${host ?? "?"}: ${why}`);
  if (row.expiresAt !== null) lines.push(`Runs until ${new Date(row.expiresAt).toISOString()}`);
  if (row.screens.length > 0)
    lines.push(`Further screens: ${row.screens.map(({ desktop }) => desktop).join(", ")}`);
  if (row.addresses !== undefined) lines.push(`Addresses in its network: ${row.addresses.join(", ")}`);
  lines.push(`Id ${row.id}`);
  return lines.map((line) => `  ${line}\n`).join("");
}

/** Its state, with the progress of the work: `preparing (fetching the image: 43 %)`; or that it is the last known. */
export function describeState({ state, reachable, progress, fetching }: Machine): string {
  if (!reachable) return `not connected (last known: ${state})`;
  const share = progress === null ? "" : `${Math.floor(progress * 100)} %`;
  if (fetching === true) return `${state} (fetching the image: ${share})`;
  return share === "" ? state : `${state} ${share}`;
}

/** `4 GB`, `512 MB`. */
export function formatMegabytes(megabytes: number): string {
  return megabytes < 1024 ? `${megabytes} MB` : `${Number((megabytes / 1024).toFixed(1))} GB`;
}
