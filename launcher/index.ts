export * from "./launcher.ts";
export { openLauncher } from "./open.ts";
export { startDemoDesktop, type DemoDesktop, type DemoDesktopOptions } from "./demo/demo-desktop.ts";
export { catalogue, type CatalogueInput } from "./images/entry.ts";
export { checkBootScript } from "./scripts/index.ts";
