import { open, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../../protocol/index.ts";
import { readConfigPl } from "../darts/config-pl.ts";
import { openDartsHost } from "../darts/darts-host.ts";
import { convertDarts, type DartsConversion } from "../darts/convert-darts.ts";
import type { DartsSignIn, SignInPlaces } from "../darts/convert-sign-in.ts";
import { readMachinesConf } from "../darts/machines-conf.ts";
import { writeAtomically } from "../programs/data-dirs.ts";
import { countOf } from "../terminal/output.ts";
import { quoteWord } from "../terminal/program-name.ts";

interface ConvertFlags {
  readonly machines: string;
  readonly config?: string;
  readonly out?: string;
  readonly signIn?: string;
  readonly json?: boolean;
}

const MAX_DARTS_FILE = 1_048_576;

const EXAMPLES = `
Examples:
  postern darts convert --machines /etc/qemu-web-desktop/machines.conf > catalogue.json
  postern darts convert --machines machines.conf --config config.pl --out catalogue.json \\
      --sign-in sign-in.json

Run it on the machine of DARTS, as the account that will run the host: images are told by their content. The catalogue
goes to standard output or into --out, the ways to sign in into --sign-in, with secrets in files beside it; options and
warnings go to standard error. Nothing of config.pl is run.
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
    .option("--sign-in <file>", "write the sign-in providers here, for `postern server --sign-in`")
    .option("--json", "catalogue, options and warnings as one JSON value on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async ({ machines, config, out, signIn, json }: ConvertFlags) => {
      const settings = config === undefined ? undefined : readConfigPl(await readText(config));
      const listed = readMachinesConf(await readText(machines));
      const places = config === undefined ? undefined : locate(config, signIn);
      const converted = await convertDarts(listed, openDartsHost(), settings, places);
      const catalogue = `${JSON.stringify(converted.catalogue, null, 2)}\n`;
      if (out !== undefined) await writeAtomically(out, catalogue);
      if (signIn !== undefined && converted.signIn !== null) await writeSignIn(signIn, converted.signIn);
      // Without the files that providers name: there are secrets in them.
      const shown = { ...converted, signIn: converted.signIn?.providers ?? null };
      if (json === true) process.stdout.write(`${JSON.stringify(shown)}\n`);
      else {
        if (out === undefined) process.stdout.write(catalogue);
        process.stderr.write(formatConversion(converted, { out, signIn }));
      }
    });
}

function locate(config: string, signIn: string | undefined): SignInPlaces {
  const folder = signIn === undefined ? "/etc/postern" : dirname(resolve(signIn));
  return { folder, configFile: resolve(config) };
}

async function writeSignIn(file: string, { providers, files }: DartsSignIn): Promise<void> {
  for (const [name, { content, mode }] of files)
    await writeAtomically(join(dirname(resolve(file)), name), content, mode);
  await writeAtomically(file, `${JSON.stringify(providers, null, 2)}\n`);
}

interface WrittenFiles {
  readonly out: string | undefined;
  readonly signIn: string | undefined;
}

function formatConversion(converted: DartsConversion, { out = "FILE", signIn }: WrittenFiles): string {
  const { catalogue, host, environment, warnings } = converted;
  const server = [...converted.server];
  if (converted.signIn !== null) server.push(`--sign-in ${quoteWord(signIn ?? "FILE")}`);
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${quoteWord(value)}`);
  const lines = [countOf(catalogue.images.length, "image")];
  if (server.length > 0) lines.push(`postern server … ${server.join(" ")}`);
  if (host.length > 0 || variables.length > 0)
    lines.push([...variables, `postern host … --catalogue ${quoteWord(out)}`, ...host].join(" "));
  if (converted.converted.length > 0) lines.push(`converted: ${converted.converted.join(", ")}`);
  if (converted.unneeded.length > 0) lines.push(`not needed here: ${converted.unneeded.join(", ")}`);
  if (converted.signIn !== null && signIn === undefined)
    lines.push("sign-in: run this again with --sign-in FILE to have the providers written");
  if (converted.signIn === null && signIn !== undefined)
    lines.push(`sign-in: config.pl says nothing of it; ${signIn} was not written`);
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
