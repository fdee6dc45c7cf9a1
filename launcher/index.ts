export * from "./launcher.ts";
export type { HostLimits } from "./spec/host-room.ts";
export { openLauncher } from "./open.ts";
export { startDemoDesktop, type DemoDesktop, type DemoDesktopOptions } from "./demo/demo-desktop.ts";
export * from "./images/index.ts";
export { examineHost, type ExamineOptions } from "./doctor/index.ts";
export type { Finding } from "./finding.ts";
export { parseGpuPolicy, SysTree, type GpuPolicy } from "./gpu/index.ts";
