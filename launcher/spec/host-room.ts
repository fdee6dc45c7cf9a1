import { availableParallelism, freemem } from "node:os";
import type { HostRoom } from "./draw-up.ts";

const MIB = 1024 * 1024;

/** Memory that a running machine was promised, and how much of it it holds already, in MiB. */
export interface MemoryPromise {
  readonly promisedMb: number;
  readonly residentMb: number;
}

/**
 * Looks at what the host can give now. A guest takes its memory page by page, so what was promised and not yet taken
 * has to be subtracted from what is free.
 * @param reserveMb kept for the host itself
 */
export function measureHostRoom(reserveMb: number, promises: readonly MemoryPromise[]): HostRoom {
  const owed = promises.reduce((sum, one) => sum + Math.max(0, one.promisedMb - one.residentMb), 0);
  const free = Math.min(freemem(), process.availableMemory()) / MIB;
  return { cpus: availableParallelism(), memoryMb: Math.floor(free - reserveMb - owed) };
}
