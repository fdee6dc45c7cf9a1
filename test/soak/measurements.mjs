// What /proc says of a process, and what a list of numbers comes to.
import { readdirSync, readFileSync } from "node:fs";

/** Resident memory, bytes. */
export function readMemory({ pid }) {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}

export function countFiles({ pid }) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function quantile(list, share) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Least squares through points of [x, y]: y per x. */
export function slopeOf(points) {
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const above = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return above / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

export const MIB = 1024 * 1024;
