import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { buildImage, describeBuiltImage, readRecipe, RECIPES } from "../../launcher/index.ts";
import { ConfigError, imageSummary } from "../../protocol/index.ts";
import { readSecretFile } from "../programs/option-files.ts";
import { runWithProgress } from "../programs/run-with-progress.ts";
import { collectValues, parseSize } from "../terminal/option-parsers.ts";
import { printResult } from "../terminal/output.ts";
import { addImageFlags, openImageStore, type ImageFlags } from "./image-options.ts";

const EXAMPLES = `
Examples:
  postern image build debian-desktop --data /var/lib/postern-host
  postern image build debian-desktop --id french --keyboard fr --packages firefox-esr,gimp --data DIR
  postern image build ./my-recipe.json --user lab --password-file lab.pw --size 20 --data DIR

Recipes that come with Postern: ${RECIPES.join(", ")}. Print one with --print-recipe, change it, and give the file.
Builds need: apt install mmdebstrap fdisk mtools e2fsprogs syslinux syslinux-common systemd-boot-efi openssl qemu-utils
and, without root, uidmap. Nothing is mounted. Allow for 4 GB of disk while it works.
`;

const USER = /^[a-z][a-z0-9-]{0,30}$/;
const KEYBOARD = /^[a-z]{2,8}$/;
const PACKAGE = /^[a-z0-9][a-z0-9.+-]{1,99}$/;
const PASSWORD_BYTES = 9;

interface BuildFlags extends ImageFlags {
  readonly id?: string;
  readonly packages: string[];
  readonly user: string;
  readonly passwordFile?: string;
  readonly keyboard: string;
  readonly mirror?: string;
  readonly size?: number;
  readonly printRecipe?: boolean;
}

export function defineImageBuild(image: Command): void {
  addImageFlags(
    image
      .command("build")
      .argument("<recipe>", "a name, or a file")
      .description("make an image out of Debian packages"),
  )
    .option("--id <id>", "the image's id; default: the recipe's")
    .option("--packages <names>", "more packages, separated by commas; may be repeated", collectValues, [])
    .option("--user <name>", "who logs in", "user")
    .option("--password-file <file>", "that user's password; default: a new one, printed once")
    .option("--keyboard <layout>", "XKB's name of a layout", "us")
    .option("--mirror <url>", "Debian's archive; default: where this host installs from")
    .option("--size <size>", "of the disk: GiB, or 40G; default: the recipe's", parseSize("--size", "GiB", 2))
    .option("--print-recipe", "only print the recipe")
    .addHelpText("after", EXAMPLES)
    .action(runBuild);
}

async function runBuild(name: string, flags: BuildFlags): Promise<void> {
  const recipe = await readRecipe(name);
  if (flags.printRecipe === true) {
    process.stdout.write(`${JSON.stringify(recipe, null, 2)}\n`);
    return;
  }
  const packages = flags.packages.flatMap((list) => list.split(",")).filter((one) => one !== "");
  const id = flags.id ?? recipe.id;
  checkFlags(flags, id, packages);
  const store = await openImageStore(flags);
  store.checkFree(id);
  const given = flags.passwordFile === undefined ? null : await readSecretFile(flags.passwordFile);
  const password = given ?? randomBytes(PASSWORD_BYTES).toString("base64url");
  const sizeGb = flags.size ?? recipe.sizeGb;
  const folder = await mkdtemp(join(store.folder, ".work-"));
  try {
    const target = join(folder, "image.qcow2");
    const { user, keyboard, mirror = null } = flags;
    await runWithProgress((work) =>
      buildImage({ ...work, recipe, packages, user, password, keyboard, mirror, sizeGb, target }),
    );
    const entry = await store.registerImage(id, target, (file) =>
      describeBuiltImage(recipe, id, sizeGb, file),
    );
    const login = given === null ? { user, password } : { user };
    printResult(flags.json === true, { ...entry, login }, () =>
      given === null
        ? `Image ${id} is there. Log in as ${user} with the password ${password} (shown only now).\n`
        : `Image ${id} is there. Log in as ${user}.\n`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checkFlags({ user, keyboard, mirror }: BuildFlags, id: string, packages: readonly string[]): void {
  const fail = (text: string): never => {
    throw new ConfigError("BUILD_OPTION", text);
  };
  if (!imageSummary.shape.id.safeParse(id).success)
    fail(`--id ${id}: write small letters, digits, dots and dashes.`);
  if (!USER.test(user) || user === "root")
    fail(`--user ${user}: write small letters and digits, and not root.`);
  if (!KEYBOARD.test(keyboard)) fail(`--keyboard ${keyboard}: write XKB's name of a layout, for example fr.`);
  if (mirror !== undefined && !/^https?:\/\/[A-Za-z0-9._~:/[\]@%-]+$/.test(mirror))
    fail(`--mirror ${mirror}: write an http:// or https:// address.`);
  for (const one of packages)
    if (!PACKAGE.test(one)) fail(`--packages ${one}: that is no name of a package.`);
}
