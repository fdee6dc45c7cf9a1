/** One entry of DARTS's machines.conf. */
export interface ListedMachine {
  /** The file's name, with its extension. */
  readonly file: string;
  readonly url?: string;
  readonly description?: string;
  /** The line number of its entry. */
  readonly line: number;
}

type MachineLines = { -readonly [Key in keyof ListedMachine]: ListedMachine[Key] };

export interface MachinesConf {
  readonly machines: readonly ListedMachine[];
  readonly warnings: readonly string[];
}

/** Reads entries of two or three lines: `[name.ext]`, `url=…`, `description=…`; `#` starts a comment. */
export function readMachinesConf(text: string): MachinesConf {
  const machines = new Map<string, MachineLines>();
  let machine: MachineLines | undefined;
  const warnings: string[] = [];
  for (const [index, whole] of text.split("\n").entries()) {
    const line = whole.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const warn = (what: string): void => void warnings.push(`machines.conf, line ${index + 1}: ${what}`);
    const [, file] = /^\[([^\]]*)\]$/.exec(line) ?? [];
    if (file !== undefined) {
      // Two sections of one name are one.
      machine = machines.get(file.trim()) ?? { file: file.trim(), line: index + 1 };
      machines.set(machine.file, machine);
      continue;
    }
    const cut = line.indexOf("=");
    const [key, value] = [line.slice(0, Math.max(0, cut)).trim(), unquote(line.slice(cut + 1).trim())];
    if (machine === undefined) warn("it stands before the first [name] and was left out.");
    else if (key === "url") machine.url = value;
    else if (key === "description") machine.description = value;
    else warn(`"${cut < 0 ? line : key}" is neither url nor description and was left out.`);
  }
  return { machines: [...machines.values()], warnings };
}

function unquote(text: string): string {
  return /^(["']).*\1$/.test(text) && text.length > 1 ? text.slice(1, -1) : text;
}
