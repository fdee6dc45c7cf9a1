import { readFileSync, statSync } from "node:fs";
import { ConfigError } from "../../protocol/index.ts";
import type { Command } from "./child-process.ts";
import { findQemuPrograms } from "./qemu-programs.ts";

/** An account of this system that QEMU runs as when the launcher is root. */
export interface SystemAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups: those of the devices that QEMU opens. */
  readonly groups: readonly number[];
}

/** As whom QEMU is started. */
export type RunAs =
  | { readonly kind: "account"; readonly account: SystemAccount }
  /** The launcher is no root itself: QEMU runs as the same account. */
  | { readonly kind: "self" }
  /** Only because the administrator says so. */
  | { readonly kind: "root"; readonly why: string };

/** The default account; set-up makes it (bin/setup/machine-account.mjs). */
const DEFAULT_ACCOUNT = "postern-vm";
const ROOT = "root";

/** Devices that an account reaches through their group. */
const DEVICES = ["/dev/kvm", "/dev/vhost-net"];

/**
 * As {@link chooseAccount}; a host without QEMU runs no machines and needs no account.
 * @throws ConfigError `ACCOUNT_UNKNOWN`, `ACCOUNT_MISSING`, `ACCOUNT_ROOT`
 */
export function chooseMachineAccount(wanted: string | null): RunAs {
  if (wanted === null && findQemuPrograms(process.env["PATH"]) === null) return { kind: "self" };
  return chooseAccount(wanted);
}

/**
 * Decides as whom QEMU runs. Never as root unless `wanted` says so.
 * @param wanted the administrator's choice, `root` included; null: {@link DEFAULT_ACCOUNT}
 * @throws ConfigError `ACCOUNT_UNKNOWN`, `ACCOUNT_MISSING`, `ACCOUNT_ROOT`
 */
export function chooseAccount(
  wanted: string | null,
  system: {
    readonly uid: number;
    readonly passwd: string;
    readonly groups: readonly number[];
  } = readSystem(),
): RunAs {
  if (system.uid !== 0) return { kind: "self" };
  const account = findAccount(wanted ?? DEFAULT_ACCOUNT, system.passwd, system.groups);
  if (account === null) {
    if (wanted !== null)
      throw ConfigError.public(
        "ACCOUNT_UNKNOWN",
        `This system has no account "${wanted}" for machines. Make it with useradd.`,
      );
    const text =
      `There is no account "${DEFAULT_ACCOUNT}", and machines do not run as root unless --vm-user root says so. ` +
      `Make it with: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${DEFAULT_ACCOUNT}`;
    throw ConfigError.public("ACCOUNT_MISSING", text);
  }
  if (account.uid !== 0) return { kind: "account", account };
  if (wanted !== ROOT) {
    const text = `"${account.name}" is root. Name another account for machines, or root itself: --vm-user root.`;
    throw ConfigError.public("ACCOUNT_ROOT", text);
  }
  return { kind: "root", why: "QEMU runs as root, though with few of root's rights: --vm-user root." };
}

/** A line of the system's list of accounts. */
export function findAccount(name: string, passwd: string, groups: readonly number[]): SystemAccount | null {
  for (const line of passwd.split("\n")) {
    const [login, , uid = "", gid = ""] = line.split(":");
    if (login !== name || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) continue;
    const own = Number(gid);
    return { name, uid: Number(uid), gid: own, groups: groups.filter((group) => group !== own) };
  }
  return null;
}

function readSystem(): { uid: number; passwd: string; groups: number[] } {
  return {
    uid: process.getuid?.() ?? -1,
    passwd: readFileSync("/etc/passwd", "utf8"),
    groups: [...new Set(DEVICES.flatMap(deviceGroup))],
  };
}

/** The group that may open a device; none if the device is missing or only root may. */
function deviceGroup(device: string): number[] {
  try {
    const { gid, mode } = statSync(device);
    return gid !== 0 && (mode & 0o060) === 0o060 ? [gid] : [];
  } catch {
    return [];
  }
}

/** Root's rights that a QEMU without an account of its own keeps: to open files of others, and to lock memory. */
const KEPT = "-all,+dac_override,+dac_read_search,+fowner,+ipc_lock";

/**
 * The command that drops rights and then executes `command`, under the same process id. QEMU's own `-runas` would be
 * too late: it opens its files first, and its sandbox forbids it.
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
