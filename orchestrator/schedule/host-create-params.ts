import type { HostParams } from "../../protocol/index.ts";
import type { MachineRecord } from "../../proxy/index.ts";

/**
 * The parameters of `machine.create`. Hosts of older releases do not know every field, so what was not
 * asked for is left out.
 */
export function toHostCreateParams(
  { id, name, image, cpus, memoryMb, wish }: MachineRecord,
  owner: string,
  dataDiskKnown: boolean,
): HostParams<"machine.create"> {
  const { diskGb, dataDisk, script, display, keymap, network } = wish;
  return {
    id,
    name,
    image,
    ...(owner !== "" && { owner }),
    ...(cpus > 0 && { cpus }),
    ...(memoryMb > 0 && { memoryMb }),
    ...(diskGb !== undefined && { diskGb }),
    ...(dataDisk !== undefined && { dataDisk, dataDiskKnown }),
    ...(script !== undefined && { script }),
    ...(display !== undefined && { display }),
    ...(keymap !== undefined && { keymap }),
    ...(network !== undefined && { network }),
    ...(wish.monitors > 1 && { monitors: wish.monitors }),
    ...(wish.gpu !== "none" && { gpu: wish.gpu }),
    ...(wish.master && { master: true }),
    ...(wish.emptyDisk && { emptyDisk: true }),
  };
}
