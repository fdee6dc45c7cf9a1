import { build, canBuild } from "./build.mjs";
import { runInForeground } from "./command.mjs";
import { installDependencies } from "./dependencies.mjs";
import { chooseDataFolder, makeMachineAccount } from "./machine-account.mjs";
import { installPackages, RUN_PACKAGES } from "./packages.mjs";
import { inRoot } from "./paths.mjs";
import { Progress } from "./progress.mjs";

/** The arguments of `postern up`: defaults for options that the person did not give, then the given ones. */
export function chooseArguments(given, data) {
  const defaults = [
    ["--listen", "127.0.0.1:8443"],
    ["--rfb-listen", "127.0.0.1:5900"],
    ["--data", data],
  ];
  const isGiven = (name) => given.some((arg) => arg === name || arg.startsWith(`${name}=`));
  return ["up", ...defaults.filter(([name]) => !isGiven(name)).flat(), ...given];
}

/** Installs and builds what is missing, then runs `postern up` until it ends; returns its exit status. */
export async function startAll(args) {
  const progress = new Progress();
  await installPackages(progress, {
    wanted: RUN_PACKAGES,
    need: "Virtual machines need them; the demo desktop and everything else works without",
    required: false,
  });
  await makeMachineAccount(progress, args);
  await installDependencies(progress);
  if (canBuild()) await build(progress);
  return runInForeground(inRoot("bin/postern"), chooseArguments(args, chooseDataFolder(progress, args)));
}
