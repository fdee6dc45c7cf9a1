import type { AccelChoice } from "../../launcher/index.ts";
import type { DemoChoice } from "./host.ts";

export interface GpuFlags {
  readonly gpu?: string[];
  readonly gpuDeny?: string[];
  readonly gpuMdevType?: string;
}

export interface ScriptFlags {
  readonly bootScripts?: string;
  readonly bootScriptHost?: string[];
  readonly bootScriptNetwork?: boolean;
}

export interface HostFlags extends GpuFlags, ScriptFlags {
  readonly catalogue?: string;
  readonly images?: string;
  readonly state?: string;
  readonly accel: AccelChoice;
  readonly stopGrace: number;
  readonly maxInstances: number;
  readonly maxLoad?: number;
  readonly memoryReserve: number;
  readonly userDataGb?: number;
  readonly serverImagesGb: number;
  readonly allowShares?: string[];
  readonly allowQemuArgs?: boolean;
  readonly vmUser?: string;
  readonly netAllow?: string[];
  readonly netForward?: string[];
  readonly demo: DemoChoice;
}
