import { imageCatalogue, type ImageCatalogueInput } from "../../protocol/index.ts";
import { quoteWord } from "../terminal/program-name.ts";
import type { ConfigPl } from "./config-pl.ts";
import { convertGpus } from "./convert-gpus.ts";
import { convertSignIn, type DartsSignIn, type SignInPlaces } from "./convert-sign-in.ts";
import { convertMachine, readMachineDefaults, type MachineDefaults } from "./convert-machine.ts";
import type { DartsHost } from "./darts-host.ts";
import { SETTING_CONVERSIONS, type SettingConversion } from "./darts-settings.ts";
import type { MachinesConf } from "./machines-conf.ts";
import type { PerlValue } from "./perl-values.ts";
import { chooseScriptFolder } from "./script-folder.ts";

/** The result of a conversion from DARTS. */
export interface DartsConversion {
  readonly catalogue: ImageCatalogueInput;
  /** Options, quoted for a shell's command line. */
  readonly server: readonly string[];
  readonly host: readonly string[];
  /** Null: config.pl says nothing of people. */
  readonly signIn: DartsSignIn | null;
  /** For the host's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The names of the settings that the above was made of. */
  readonly converted: readonly string[];
  /** Names of settings that are not needed here, or say what is the default here. */
  readonly unneeded: readonly string[];
  /** Settings without a counterpart, and what to do about them. */
  readonly warnings: readonly string[];
}

/** Where the files of sign-in go unless it is said. */
const USUAL_PLACES: SignInPlaces = {
  folder: "/etc/postern",
  configFile: "/etc/qemu-web-desktop/config.pl",
};
const NO_CONFIG: ConfigPl = { settings: new Map(), unread: [], warnings: [] };

/**
 * Turns DARTS's files into a catalogue and options. Every setting is among the converted, the unneeded or the
 * warnings.
 * @param host the machine of DARTS: images are told by their content, shares are of its size
 */
export async function convertDarts(
  { machines, warnings }: MachinesConf,
  host: DartsHost,
  config: ConfigPl = NO_CONFIG,
  places = USUAL_PLACES,
): Promise<DartsConversion> {
  const said: string[] = [...warnings, ...config.warnings];
  const warn = (text: string): void => void said.push(text);
  const defaults = readMachineDefaults(config.settings, warn);
  const signIn = convertSignIn(config, places, warn);
  const results = new Results(config, { host, defaults, signIn, warn });
  for (const name of config.settings.keys()) results.addSetting(name);
  const gpus = convertGpus(config.settings.get("gpu_blacklist") ?? "", await host.listGpus(), warn);
  results.server.push(...gpus.server);
  results.host.push(...gpus.host);
  for (const folder of new Set(defaults.shares.map(({ folder }) => folder)))
    results.host.push(`--allow-shares ${quoteWord(folder)}`);
  if (!(await host.isFolder(defaults.folder)))
    warn(`${defaults.folder} is not on this machine: images are taken for what their names say.`);
  const taken = new Set<string>();
  const images: ImageCatalogueInput["images"] = [];
  for (const machine of machines) {
    const entry = await convertMachine(machine, { defaults, host, taken, warn });
    if (entry !== null) images.push(entry);
  }
  const scripts = [...new Set(images.flatMap((entry) => entry.scripts ?? []))];
  const folder = chooseScriptFolder(scripts, warn);
  if (folder !== null) results.host.push(`--boot-scripts ${quoteWord(folder)}`);
  const catalogue: ImageCatalogueInput = { images };
  // Ensures that the host accepts the catalogue.
  imageCatalogue.parse(catalogue);
  const { server, environment, converted, unneeded } = results;
  const lists = { converted, unneeded, warnings: said };
  return { catalogue, server, host: results.host, signIn, environment, ...lists };
}

interface ResultsContext {
  readonly host: DartsHost;
  readonly defaults: MachineDefaults;
  readonly signIn: DartsSignIn | null;
  readonly warn: (text: string) => void;
}

/** `told`: a warning says what to do. */
type SettingFate = "converted" | "unneeded" | "told";

/** What the settings of config.pl become, one after the other. */
class Results {
  readonly server: string[] = [];
  readonly host: string[] = [];
  readonly environment: Record<string, string> = {};
  readonly converted: string[] = [];
  readonly unneeded: string[] = [];
  readonly #settings: ReadonlyMap<string, PerlValue>;
  readonly #isSet: (name: string) => boolean;
  readonly #context: ResultsContext;

  constructor({ settings, unread }: ConfigPl, context: ResultsContext) {
    this.#settings = settings;
    // What could not be read may be on.
    this.#isSet = (name) => unread.includes(name) || !["", "0"].includes(toText(settings.get(name)));
    this.#context = context;
  }

  addSetting(name: string): void {
    const conversion = Object.hasOwn(SETTING_CONVERSIONS, name) ? SETTING_CONVERSIONS[name] : undefined;
    const text = toText(this.#settings.get(name));
    if (conversion === undefined) {
      this.#context.warn(`${name}: it is not known here and was left out; its value is in config.pl.`);
      return;
    }
    const fate = this.#convert(name, text, conversion);
    if (fate !== "told") this[fate].push(name);
  }

  #convert(name: string, text: string, conversion: SettingConversion): SettingFate {
    const { warn } = this.#context;
    switch (conversion.kind) {
      case "option":
        return text === "" ? "unneeded" : this.#addOption(name, text, conversion);
      case "environment":
        if (text !== "") for (const variable of conversion.names) this.environment[variable] = text;
        return text === "" ? "unneeded" : "converted";
      case "certificate":
        return this.#addCertificate(name, text);
      case "elsewhere":
        if (!this.#isSet(name)) return "unneeded";
        warn(`${name}: ${conversion.how}`);
        return "told";
      case "signIn": {
        if (this.#context.signIn?.used.has(name) === true) return "converted";
        // One that is on and was left out has its warning.
        if (conversion.of.length === 0) return this.#isSet(name) ? "told" : "unneeded";
        const of = conversion.of.find(this.#isSet);
        if (of === undefined || !this.#isSet(name)) return "unneeded";
        warn(`${name}: goes with ${of}, see there.`);
        return "told";
      }
      case "gpu":
      case "image":
        return text === "" ? "unneeded" : "converted";
      case "unneeded":
        return "unneeded";
    }
  }

  #addOption(name: string, text: string, how: Extract<SettingConversion, { kind: "option" }>): SettingFate {
    const { host, defaults, warn } = this.#context;
    const { value, warning } = how.read(text, {
      ...{ cpus: host.cpus, memoryMb: host.memoryMb },
      ...{ machineCpus: defaults.cpus, machineMemoryMb: defaults.memoryMb },
    });
    if (warning !== undefined) warn(`${name}: ${warning}`);
    const options = this[how.program];
    // Two releases of DARTS have two names for one setting.
    if (value !== undefined && !options.some((option) => option.startsWith(`${how.option} `)))
      options.push(`${how.option} ${quoteWord(value)}`);
    if (value !== undefined) return "converted";
    return warning === undefined ? "unneeded" : "told";
  }

  /** DARTS encrypts where it has both files. */
  #addCertificate(name: string, text: string): SettingFate {
    const { host, warn } = this.#context;
    if (text === "") return "unneeded";
    const other = name === "certificate_crt" ? "certificate_key" : "certificate_crt";
    if (!this.#isSet(other)) warn(`${name}: was left out, because there is no ${other}.`);
    else if (![text, toText(this.#settings.get(other))].every((file) => host.isThere(file)))
      warn(`${name}: ${text} was left out: certificate or key is not on this machine.`);
    else {
      this.server.push(`${name === "certificate_crt" ? "--cert" : "--key"} ${quoteWord(text)}`);
      return "converted";
    }
    return "told";
  }
}

function toText(value: PerlValue = ""): string {
  return typeof value === "string" ? value : value.filter((item) => item !== "").join(",");
}
