import { isPosternError } from "../../protocol/index.ts";
import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";
import { findForbiddenFolder } from "../system/account-files.ts";
import { chooseAccount, type RunAs } from "../system/system-account.ts";

export interface AccountFacts {
  /** Null: there is no such account, or no QEMU. */
  readonly runAs: RunAs | null;
  /** Why there is none; null: there is no QEMU to run as it. */
  readonly why: string | null;
  /** The folder above the machines' that the account cannot pass through; null: none. */
  readonly closed: string | null;
}

interface AccountQuestion {
  readonly vmUser: string | null;
  readonly stateDir: string;
  /** The launcher's own folders above it, which it opens by itself. */
  readonly ownFolders: readonly string[];
}

/** As whom machines would run, and whether that account comes to their folder. @param qemu the program; null: none */
export function collectAccountFacts(
  { vmUser, stateDir, ownFolders }: AccountQuestion,
  qemu: string | null,
): AccountFacts {
  if (qemu === null) return { runAs: null, why: null, closed: null };
  try {
    const runAs = chooseAccount(vmUser);
    const found = runAs.kind === "account" ? findForbiddenFolder(runAs.account, stateDir, ownFolders) : null;
    return { runAs, why: null, closed: found };
  } catch (error) {
    if (!isPosternError(error)) throw error;
    return { runAs: null, why: error.message, closed: null };
  }
}

export function checkAccount({ runAs, why, closed }: AccountFacts): Finding[] {
  if (runAs === null) {
    const remedy =
      "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin postern-vm, or name another by --vm-user.";
    return why === null ? [] : [missingFinding("account", why.replace(/ Make it with.*$/, ""), remedy)];
  }
  switch (runAs.kind) {
    case "self":
      return [okFinding("account", "Machines run as the account that runs the host.")];
    case "root":
      return [adviceFinding("account", "Machines run as root.", "Leave --vm-user root out.")];
    case "account":
      return closed === null
        ? [okFinding("account", `Machines run as ${runAs.account.name}.`)]
        : [
            missingFinding(
              "account",
              `The account of machines, ${runAs.account.name}, cannot pass through ${closed}.`,
              `Choose a data folder elsewhere (/var/lib/postern), or: chmod o+x ${closed}`,
            ),
          ];
  }
}
