import { open, stat } from "node:fs/promises";
import type { Command } from "commander";
import { ConfigError } from "../../protocol/index.ts";
import { readConfigPl } from "../darts/config-pl.ts";
import { openDartsHost } from "../darts/darts-host.ts";
import { convertDarts, type DartsConversion } from "../darts/convert-darts.ts";
import { readMachinesConf } from "../darts/machines-conf.ts";
import { writeAtomically } from "../programs/data-dirs.ts";
import { quoteWord } from "../terminal/program-name.ts";

interface ConvertFlags {
  readonly machines: string;
  readonly config?: string;
  readonly out?: string;
  readonly json?: boolean;
}

const MAX_DARTS_FILE = 1_048_576;

const EXAMPLES = `
Examples:
  postern darts convert --machines /etc/qemu-web-desktop/machines.conf > catalogue.json
  postern darts convert --machines machines.conf --config config.pl --out catalogue.json

Run it on the machine of DARTS, as the account that will run the host: images are told by their content. The catalogue
goes to standard output or into --out; options and warnings to standard error. Nothing of config.pl is run.
See docs/darts.md.
`;

export function defineDarts(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  command
    .command("convert")
    .description("turn DARTS's files into a catalogue and options")
    .requiredOption("--machines <file>", "DARTS's machines.conf")
    .option("--config <file>", "DARTS's config.pl")
    .option("--out <file>", "write the catalogue here")
    .option("--json", "catalogue, options and warnings as one JSON value on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async ({ machines, config, out, json }: ConvertFlags) => {
      const settings = config === undefined ? undefined : readConfigPl(await readText(config));
      const listed = readMachinesConf(await readText(machines));
      const converted = await convertDarts(listed, openDartsHost(), settings);
      const catalogue = `${JSON.stringify(converted.catalogue, null, 2)}\n`;
      if (out !== undefined) await writeAtomically(out, catalogue);
      if (json === true) process.stdout.write(`${JSON.stringify(converted)}\n`);
      else {
        if (out === undefined) process.stdout.write(catalogue);
        process.stderr.write(formatConversion(converted, out));
      }
    });
}

function formatConversion(converted: DartsConversion, out = "FILE"): string {
  const { catalogue, server, host, environment, warnings } = converted;
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${quoteWord(value)}`);
  const lines = [`${catalogue.images.length} image${catalogue.images.length === 1 ? "" : "s"}`];
  if (server.length > 0) lines.push(`postern server … ${server.join(" ")}`);
  if (host.length > 0 || variables.length > 0)
    lines.push([...variables, `postern host … --catalogue ${quoteWord(out)}`, ...host].join(" "));
  if (converted.converted.length > 0) lines.push(`converted: ${converted.converted.join(", ")}`);
  if (converted.unneeded.length > 0) lines.push(`not needed here: ${converted.unneeded.join(", ")}`);
  return `${[...lines, ...warnings.map((text) => `warning: ${text}`)].join("\n")}\n`;
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_DARTS_FILE) throw new Error("it is too large");
    const handle = await open(file, "r");
    try {
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const text = `${file} cannot be read. Check the path and its permissions.`;
    throw new ConfigError("FILE_UNREADABLE", text, { cause });
  }
}
