import { LaunchError } from "../../../protocol/index.ts";
import type { LaunchExtension } from "../launch-extension.ts";

const QEMU_ARGS_OFF =
  "The image brings arguments for QEMU, and this host takes none. Its administrator can allow them.";

/** Arguments of QEMU that an image's entry names. They can reach every file of the account that machines run as. */
export function qemuArgumentsExtension(isAllowed: boolean): LaunchExtension {
  return {
    prepare: ({ qemuArgs = [] }) =>
      qemuArgs.length > 0 && !isAllowed
        ? Promise.reject(LaunchError.public("QEMU_ARGS_OFF", QEMU_ARGS_OFF))
        : Promise.resolve({ arguments: qemuArgs }),
    release: () => Promise.resolve(),
  };
}
