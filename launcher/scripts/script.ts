import type { Expression } from "./condition/expression.ts";
import { readCondition } from "./condition/parse-condition.ts";
import { quoteText, scriptError } from "./script-error.ts";
import { refusePassword } from "./script-symbols.ts";

/** Where a script's text comes from; symbols are not filled in yet. */
type ScriptSource =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  /** One command of virt-customize a line. */
  | { readonly kind: "customize"; readonly commands: string };

export interface Script {
  /** Null: always. */
  readonly condition: Expression | null;
  readonly source: ScriptSource;
}

/** Users write it to run only the image's own scripts. */
const CATALOGUE_ONLY = "catalogue";

/**
 * Parses one boot script: `[if(EXPR):] PATH | URL | exec:COMMANDS | bash:COMMANDS | virt-customize:COMMANDS | #!…`.
 * @returns null: no script
 * @throws LaunchError `SCRIPT_CONDITION`, `SCRIPT_KIND`, `SCRIPT_PASSWORD`
 */
export function readScript(written: string): Script | null {
  const text = written.replaceAll("\r\n", "\n");
  refusePassword(text);
  if (["", CATALOGUE_ONLY].includes(text.trim())) return null;
  const condition = readCondition(text);
  const source = readSource(condition === null ? text : text.slice(condition.end));
  return { condition: condition?.expression ?? null, source };
}

/** Validates a boot script. @throws LaunchError as {@link readScript} */
export function checkBootScript(written: string): void {
  readScript(written);
}

function readSource(written: string): ScriptSource {
  const text = written.trimStart();
  if (text.startsWith("#!")) return { kind: "text", text };
  const colon = text.indexOf(":");
  const rest = text.slice(colon + 1);
  switch (text.slice(0, Math.max(0, colon))) {
    case "exec":
      return { kind: "text", text: `#!/bin/sh\n${rest.trimStart()}` };
    case "bash":
      return { kind: "text", text: `#!/bin/bash\n${rest.trimStart()}` };
    case "virt-customize":
      return { kind: "customize", commands: rest };
    case "http":
    case "https":
      return { kind: "url", url: readLine(text) };
    default:
      if (text.startsWith("/")) return { kind: "path", path: readLine(text) };
      throw scriptError(
        "SCRIPT_KIND",
        `A boot script is an absolute path, a URL, or begins with exec:, bash:, virt-customize: or #!. This one begins with ${quoteText(text)}.`,
      );
  }
}

function readLine(text: string): string {
  const line = text.trim();
  if (!/[\n\0]/.test(line)) return line;
  throw scriptError(
    "SCRIPT_KIND",
    `A path or a URL stands on one line. Commands begin with exec: — ${quoteText(line)}`,
  );
}
