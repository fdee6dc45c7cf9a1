/** GPUs: what the host has, who may have it, and giving it to one machine at a time. */
export { gpuArguments } from "../argv/gpu-arguments.ts";
export type { GpuAssignment, GpuKind } from "./gpu-assignment.ts";
export type { GpuFact } from "./choose-gpu.ts";
export { NO_GPUS, parseGpuPolicy, type GpuPolicy } from "./gpu-policy.ts";
export { judgeGpuReadiness } from "./gpu-readiness.ts";
export { readGpuReadiness, type GpuReadinessFacts } from "./gpu-readiness-facts.ts";
export { GpuAllocator, type GpuAllocatorOptions } from "./gpu-allocator.ts";
export { SysTree, type FileOwner } from "../system/sys-tree.ts";
