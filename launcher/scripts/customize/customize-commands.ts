import { quoteText, scriptError } from "../script-error.ts";

/** What stays inside the guest's own disk. `install` and `update` also want a network. */
const ALLOWED = new Set([
  ...["append-line", "chmod", "copy", "delete", "firstboot-command", "firstboot-install", "hostname"],
  ...["install", "link", "mkdir", "move", "run-command", "scrub", "selinux-relabel", "timezone", "touch"],
  ...["truncate", "truncate-recursive", "uninstall", "update", "write", "password", "root-password"],
  ...["ssh-inject"],
]);
const BARE = new Set(["update", "selinux-relabel"]);
const NEEDS_NETWORK = new Set(["install", "update"]);

const HOST_FILE =
  "it reads a file of this host. Bring the text in with `write`, or give a path or a URL as a script";
const REFUSED: Readonly<Record<string, string>> = {
  upload: HOST_FILE,
  "copy-in": HOST_FILE,
  run: HOST_FILE,
  firstboot: HOST_FILE,
  "commands-from-file": HOST_FILE,
  edit: "it runs Perl on this host. Use run-command with sed",
  format: "it is about this host's files",
  add: "it is about this host's files",
};
/** Ways to give a secret; the others read files of the host. */
const SELECTORS: Readonly<Record<string, RegExp>> = {
  password: /^[^:]+:(password:|random$|disabled$|locked$|locked:(password:|random$|disabled$))/,
  "root-password": /^(password:|random$|disabled$|locked$|locked:(password:|random$|disabled$))/,
  "ssh-inject": /^[^:]+:string:/,
};

/**
 * Checks commands of virt-customize, one a line, `--` before the name or not; `#` begins a comment.
 * @returns lines for `--commands-from-file`
 * @throws LaunchError `SCRIPT_OPTION`
 */
export function readCustomizeCommands(text: string, network: boolean): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => readCommand(line, network));
}

function readCommand(line: string, network: boolean): string {
  const [, name = "", rest = ""] = /^(?:--)?([a-z-]{1,40})(?:[=\s](.*))?$/s.exec(line) ?? [];
  const value = rest.trim();
  const refused = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
  if (refused !== undefined) throw optionError(`${name} is not allowed: ${refused}.`);
  if (!ALLOWED.has(name)) {
    throw optionError(
      `${quoteText(line)} is no command that is allowed. These are: ${[...ALLOWED].join(", ")}.`,
    );
  }
  if (NEEDS_NETWORK.has(name) && !network)
    throw optionError(`${name} needs a network, which this host does not give to virt-customize.`);
  if (BARE.has(name) !== (value === ""))
    throw optionError(BARE.has(name) ? `${name} takes no value.` : `${name} needs a value.`);
  const selector = Object.hasOwn(SELECTORS, name) ? SELECTORS[name] : undefined;
  if (selector?.test(value) === false)
    throw optionError(`${name} takes its secret in the script itself, not from a file of this host.`);
  // A backslash at the end would join the next line, and virt-customize stops reading at a NUL.
  if (value.endsWith("\\") || value.includes("\0"))
    throw optionError(`${quoteText(line)} may not end in a backslash.`);
  return value === "" ? name : `${name} ${value}`;
}

function optionError(text: string): Error {
  return scriptError("SCRIPT_OPTION", `virt-customize: ${text}`);
}
