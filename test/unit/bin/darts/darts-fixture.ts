import { readConfigPl } from "../../../../bin/darts/config-pl.ts";
import { convertDarts, type DartsConversion } from "../../../../bin/darts/convert-darts.ts";
import type { DartsHost } from "../../../../bin/darts/darts-host.ts";
import { readMachinesConf } from "../../../../bin/darts/machines-conf.ts";

/** A machine of eight processors whose images nobody has downloaded yet. */
const HOST: DartsHost = {
  cpus: 8,
  memoryMb: 32_768,
  listGpus: () => Promise.resolve([]),
  isFolder: () => Promise.resolve(true),
  isThere: () => true,
  lookAtImage: () => Promise.resolve({ kind: "missing" }),
};

/** What becomes of a machines.conf and a config.pl on such a machine. */
export function convert(
  machines: string,
  config = "",
  host: Partial<DartsHost> = {},
): Promise<DartsConversion> {
  return convertDarts(readMachinesConf(machines), { ...HOST, ...host }, readConfigPl(config));
}
