import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { runCommand } from "./command.mjs";
import { inRoot } from "./paths.mjs";

/** The account that machines run as where the host is root (launcher/system/system-account.ts has the same name). */
const MACHINE_ACCOUNT = "postern-vm";
const TITLE = "Account of machines";
const DEFAULT_DATA = ".postern";
/** Where every account may pass through. */
const SYSTEM_DATA = "/var/lib/postern";

export function isGiven(args, name) {
  return args.some((arg) => arg === name || arg.startsWith(`${name}=`));
}

function hasAccount(passwd) {
  return passwd.split("\n").some((line) => line.startsWith(`${MACHINE_ACCOUNT}:`));
}

/**
 * As root, makes the account that machines run as, unless it exists or `--vm-user` names another. Without it the host does
 * not start: its message says what to do.
 */
export async function makeMachineAccount(progress, args, system = {}) {
  const { isRoot = process.getuid?.() === 0, passwdFile = "/etc/passwd" } = system;
  if (!isRoot || isGiven(args, "--vm-user")) return;
  if (hasAccount(readFileSync(passwdFile, "utf8"))) {
    progress.skip(TITLE, `${MACHINE_ACCOUNT} is there`);
    return;
  }
  const words = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"];
  const useradd = [...words, "--shell", "/usr/sbin/nologin", MACHINE_ACCOUNT];
  const { code, output } = await runCommand("useradd", useradd);
  if (code === 0) progress.skip(TITLE, `made ${MACHINE_ACCOUNT}; machines run as it, not as root`);
  else progress.warn(TITLE, `${MACHINE_ACCOUNT} could not be made: ${output.trim()}`);
}

/**
 * The data folder of `npm start`. Machines' files lie in it, so as root their account must be able to pass through the folders
 * above: under /root it cannot. A folder that exists already is kept.
 */
export function chooseDataFolder(progress, args, system = {}) {
  const { isRoot = process.getuid?.() === 0, root = inRoot("."), systemData = SYSTEM_DATA } = system;
  const { env = process.env } = system;
  if (!isRoot || isGiven(args, "--data") || env.POSTERN_DATA || isGiven(args, "--vm-user"))
    return DEFAULT_DATA;
  if (existsSync(path.join(root, DEFAULT_DATA))) return DEFAULT_DATA;
  const closed = findClosedFolder(root);
  if (closed === null) return DEFAULT_DATA;
  progress.skip("Data folder", `${systemData}, because ${MACHINE_ACCOUNT} may not pass through ${closed}`);
  return systemData;
}

/** The outermost folder on the way to `folder`, itself included, that only its owner and group may pass through. */
function findClosedFolder(folder) {
  const above = folder === path.dirname(folder) ? null : findClosedFolder(path.dirname(folder));
  return above ?? ((statSync(folder).mode & 0o001) === 0 ? folder : null);
}
