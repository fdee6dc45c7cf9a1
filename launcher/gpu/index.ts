/** GPUs: what the host has, who may have it, and giving it to one machine at a time. */
export { gpuArguments } from "./arguments.ts";
export type { GpuAssignment, GpuKind } from "./assignment.ts";
export type { GpuFact } from "./choose.ts";
export { gpuOutfitter, type GpuOutfit } from "./outfit.ts";
export { NO_GPUS, parseGpuPolicy, type GpuPolicy } from "./policy.ts";
export { judgeGpuReadiness } from "./readiness.ts";
export { readGpuReadiness, type GpuReadinessFacts } from "./readiness-facts.ts";
export { GpuRoom, type GpuRoomOptions } from "./room.ts";
export { SysTree, type Owner } from "./sys-tree.ts";
