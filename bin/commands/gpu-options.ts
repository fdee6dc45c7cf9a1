import type { Command } from "commander";
import { parseGpuPolicy } from "../../launcher/index.ts";
import { collectValues } from "../terminal/option-parsers.ts";

/** The flags for the host's GPUs that machines may use. */
export function addGpuFlags(command: Command): Command {
  return command
    .option(
      "--gpu <address>",
      "machines may have the GPU at this PCI address, or all; repeat for more; default: none",
      (value: string, before: string[] | undefined) => {
        parseGpuPolicy([value], []);
        return collectValues(value, before);
      },
    )
    .option(
      "--gpu-deny <address>",
      "never this one, although all are allowed; repeat for more",
      (value: string, before: string[] | undefined) => {
        parseGpuPolicy([], [value]);
        return collectValues(value, before);
      },
    )
    .option("--gpu-mdev-type <type>", "which mediated devices are made; default: the smallest type");
}
