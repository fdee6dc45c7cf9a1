import { dirname, sep } from "node:path";

/** The scripts folder when no script has a path. */
const DEFAULT_SCRIPTS_DIR = "/etc/postern/scripts";
/** The path of a script, after its condition. Entries that are not paths do not match. */
const SCRIPT_PATH = /(?:^|\):)\s*(\/\S.*?)\s*$/;

/**
 * The folder for the host's option `--boot-scripts`. Null: there are no boot scripts. DARTS reads scripts
 * from anywhere, a host only from one folder.
 */
export function chooseScriptFolder(scripts: readonly string[], warn: (text: string) => void): string | null {
  if (scripts.length === 0) return null;
  const paths = scripts.flatMap((script) => SCRIPT_PATH.exec(script)?.[1] ?? []);
  const [first] = paths;
  if (first === undefined) {
    warn(
      `config_script: a host runs boot scripts only with a folder for them. Make it: mkdir -p ${DEFAULT_SCRIPTS_DIR}`,
    );
    return DEFAULT_SCRIPTS_DIR;
  }
  const folder = dirname(first);
  for (const path of paths.filter((one) => !one.startsWith(folder + sep)))
    warn(`config_script: ${path} cannot be read by a host whose scripts lie in ${folder}. Put it there.`);
  return folder;
}
