import { build, canBuild } from "./build.mjs";
import { runInForeground } from "./command.mjs";
import { installDependencies } from "./dependencies.mjs";
import { installPackages, RUN_PACKAGES } from "./packages.mjs";
import { inRoot } from "./paths.mjs";
import { Progress } from "./progress.mjs";

const DEFAULTS = [
  ["--listen", "127.0.0.1:8443"],
  ["--rfb-listen", "127.0.0.1:5900"],
  ["--data", ".postern"],
];

/** The arguments of `postern up`: defaults for options that the person did not give, then the given ones. */
export function chooseArguments(given) {
  const isGiven = (name) => given.some((arg) => arg === name || arg.startsWith(`${name}=`));
  return ["up", ...DEFAULTS.filter(([name]) => !isGiven(name)).flat(), ...given];
}

/** Installs and builds what is missing, then runs `postern up` until it ends; returns its exit status. */
export async function startAll(args) {
  const progress = new Progress();
  await installPackages(progress, {
    wanted: RUN_PACKAGES,
    need: "Virtual machines need them; the demo desktop and everything else works without",
    required: false,
  });
  await installDependencies(progress);
  if (canBuild()) await build(progress);
  return runInForeground(inRoot("bin/postern"), chooseArguments(args));
}
