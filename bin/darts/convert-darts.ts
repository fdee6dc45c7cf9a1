import { imageCatalogue, type ImageCatalogueInput } from "../../protocol/index.ts";
import type { ConfigPl } from "./config-pl.ts";
import { convertMachine, readMachineDefaults } from "./convert-machine.ts";
import type { MachinesConf } from "./machines-conf.ts";
import type { PerlLiteral } from "./perl-literals.ts";
import { chooseScriptFolder } from "./script-folder.ts";
import { SETTING_CONVERSIONS } from "./darts-settings.ts";

/** The result of a conversion from DARTS. */
export interface DartsConversion {
  readonly catalogue: ImageCatalogueInput;
  /** Options, quoted for a shell's command line. */
  readonly server: readonly string[];
  readonly host: readonly string[];
  /** For the host's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings without a counterpart, and what to do about them. */
  readonly warnings: readonly string[];
}

const NO_CONFIG: ConfigPl = { settings: new Map(), warnings: [] };

/** Turns DARTS's files into a catalogue and options. Pure. */
export function convertDarts(
  { machines, warnings }: MachinesConf,
  config: ConfigPl = NO_CONFIG,
): DartsConversion {
  const said: string[] = [...warnings, ...config.warnings];
  const warn = (text: string): void => void said.push(text);
  const options = { server: [] as string[], host: [] as string[] };
  const environment: Record<string, string> = {};
  for (const [name, value] of config.settings) convertSetting(name, value, { options, environment, warn });
  const defaults = readMachineDefaults(config.settings, warn);
  for (const folder of new Set(defaults.shares.map(({ folder }) => folder)))
    options.host.push(`--allow-shares ${quote(folder)}`);
  const taken = new Set<string>();
  const images: ImageCatalogueInput["images"] = machines
    .map((machine) => convertMachine(machine, defaults, taken, warn))
    .filter((entry) => entry !== null);
  const scripts = [...new Set(images.flatMap((entry) => entry.scripts ?? []))];
  const folder = chooseScriptFolder(scripts, warn);
  if (folder !== null) options.host.push(`--boot-scripts ${quote(folder)}`);
  const converted: ImageCatalogueInput = { images };
  // Ensures that the host accepts the catalogue.
  imageCatalogue.parse(converted);
  return { catalogue: converted, ...options, environment, warnings: said };
}

interface ConversionResults {
  readonly options: { readonly server: string[]; readonly host: string[] };
  readonly environment: Record<string, string>;
  readonly warn: (text: string) => void;
}

function convertSetting(
  name: string,
  value: PerlLiteral,
  { options, environment, warn }: ConversionResults,
): void {
  const fate = Object.hasOwn(SETTING_CONVERSIONS, name) ? SETTING_CONVERSIONS[name] : undefined;
  const text = typeof value === "string" ? value : value.join(",");
  switch (fate?.kind) {
    case undefined:
      warn(`${name} is not known here and was left out.`);
      return;
    case "option":
      if (text !== "") options[fate.program].push(`${fate.option} ${quote(text)}`);
      return;
    case "environment":
      if (text !== "") for (const variable of fate.names) environment[variable] = text;
      return;
    case "elsewhere":
      // Zero and empty mean that it is not used.
      if (text !== "" && text !== "0") warn(`${name}: ${fate.how}`);
      return;
    case "image":
    case "unneeded":
      return;
  }
}

function quote(text: string): string {
  return /^[\w./:=+@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
