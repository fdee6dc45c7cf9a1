import { build, canBuild } from "./build.mjs";
import { runInForeground } from "./command.mjs";
import { installDependencies } from "./dependencies.mjs";
import { chooseDataFolder, isGiven, makeMachineAccount } from "./machine-account.mjs";
import { installPackages, RUN_PACKAGES } from "./packages.mjs";
import { inRoot } from "./paths.mjs";
import { Progress } from "./progress.mjs";

/**
 * The arguments of `postern up`: defaults for options that the person gave neither here nor in the environment, then the given
 * ones.
 */
export function chooseArguments(given, data, env = process.env) {
  const defaults = [
    ["--listen", "127.0.0.1:8443", "POSTERN_LISTEN"],
    ["--rfb-listen", "127.0.0.1:5900", "POSTERN_RFB_LISTEN"],
    ["--data", data, "POSTERN_DATA"],
  ];
  const missing = defaults.filter(([name, , variable]) => !isGiven(given, name) && !env[variable]);
  return ["up", ...missing.flatMap(([name, value]) => [name, value]), ...given];
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
  const words = chooseArguments(args, chooseDataFolder(progress, args));
  // What is printed to be typed begins as the person began.
  return runInForeground(inRoot("bin/postern"), words, { env: { POSTERN_STARTED_BY: "npm start --" } });
}
