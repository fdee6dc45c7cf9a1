import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { planScripts } from "../../../../launcher/scripts/plan-scripts.ts";
import { symbols } from "./symbols.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "postern-inert-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What a real sh makes of a script with this user in it. */
function run(text: string, user: string): string {
  const script = { kind: "text", text: `#!/bin/sh\n${text}` } as const;
  const [written = ""] = planScripts("cloud-init", [script], { ...symbols, user }, false).seed;
  const file = path.join(folder, "script");
  writeFileSync(file, written);
  return execFileSync("sh", [file], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

const USERS = [
  "$(touch x)",
  "`touch x`",
  "'; touch x; '",
  '"; touch x; "',
  "a\ntouch x\n",
  "a & touch x",
  "a | touch x",
  "${IFS}touch${IFS}x",
  "\\$(touch x)",
  "a\0touch x",
  "'\"$(touch x)`touch x`\"'",
  "> x",
];
const TEXTS = [
  "echo @USER@",
  'echo "@USER@"',
  "echo '@USER@'",
  "echo \"$(echo '@USER@')\"",
  'sh -c "echo @USER@"',
  "sh -c \"sh -c 'echo @USER@'\"",
  'eval "echo @USER@"',
  "cat <<END\n@USER@\nEND",
  "cat <<'END'\n@USER@\nEND",
  'echo "$POSTERN_USER"',
  "echo $POSTERN_USER",
];

describe("a hostile name in a script that a real shell runs", () => {
  it.each(TEXTS)("%j never runs it", (text) => {
    for (const user of USERS) {
      const output = run(text, user);
      expect(existsSync(path.join(folder, "x")), user).toBe(false);
      expect(output.trim(), user).not.toBe("");
    }
  });

  it("would be noticed if it ran", () => {
    writeFileSync(path.join(folder, "script"), "echo $(touch x)");
    execFileSync("sh", ["script"], { cwd: folder });
    expect(existsSync(path.join(folder, "x"))).toBe(true);
  });

  it("comes through exactly in the environment", () => {
    for (const user of USERS) expect(run('printf %s "$POSTERN_USER"', user)).toBe(user.replaceAll("\0", ""));
  });
});
