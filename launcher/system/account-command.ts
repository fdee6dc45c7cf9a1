import type { RunAs } from "./system-account.ts";
import type { Command } from "./command.ts";

/** Root's rights that a QEMU without an account of its own keeps: to open files of others, and to lock memory. */
const KEPT = "-all,+dac_override,+dac_read_search,+fowner,+ipc_lock";

/**
 * The command that gives up rights and becomes `command`, under the same process number. QEMU's own `-runas` comes too
 * late: it opens its files first, and its sandbox forbids it.
 * @param setpriv util-linux's program
 */
export function runAsAccount(command: Command, runAs: RunAs, setpriv = "/usr/bin/setpriv"): Command {
  return {
    program: setpriv,
    args: [...identityWords(runAs), "--no-new-privs", "--", command.program, ...command.args],
  };
}

function identityWords(runAs: RunAs): string[] {
  switch (runAs.kind) {
    case "account": {
      const { uid, gid, groups } = runAs.account;
      const kept = groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`;
      return [`--reuid=${uid}`, `--regid=${gid}`, kept, "--bounding-set=-all", "--inh-caps=-all"];
    }
    case "root":
      return [`--bounding-set=${KEPT}`, "--inh-caps=-all"];
    case "self":
      return [];
  }
}
