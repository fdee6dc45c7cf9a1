import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { listBoundGpus, SysTree } from "../../launcher/index.ts";
import { lookAtImage, type ImageLook } from "./look-at-image.ts";

/** What a conversion looks at on the machine that it runs on, which should be the one of DARTS. */
export interface DartsHost {
  readonly cpus: number;
  readonly memoryMb: number;
  /** PCI addresses of the GPUs that vfio-pci has. */
  listGpus(): Promise<readonly string[]>;
  isFolder(path: string): Promise<boolean>;
  isThere(path: string): boolean;
  lookAtImage(file: string): Promise<ImageLook>;
}

/** @param tree where `/sys` is */
export function openDartsHost(tree = new SysTree()): DartsHost {
  return {
    cpus: availableParallelism(),
    memoryMb: Math.floor(totalmem() / 2 ** 20),
    listGpus: () => listBoundGpus(tree),
    isFolder: async (path) => (await stat(path).catch(() => null))?.isDirectory() ?? false,
    isThere: existsSync,
    lookAtImage,
  };
}
