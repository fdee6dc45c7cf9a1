export * from "./launcher.ts";
export type { HostLimits } from "./spec/host-room.ts";
export { openLauncher } from "./open.ts";
export { startDemoDesktop, type DemoDesktop, type DemoDesktopOptions } from "./demo/demo-desktop.ts";
export * from "./images/index.ts";
