import { lchown, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isMissing, LaunchError, type Clock } from "../../../protocol/index.ts";
import type { StateReason } from "../../model/lifecycle.ts";
import type { MachinePaths } from "../../model/machine-paths.ts";
import {
  share9pArguments,
  shareVirtiofsArguments,
  virtiofsdArguments,
} from "../../argv/shared-folder-arguments.ts";
import type { MachineSpec } from "../../model/machine-spec.ts";
import { isWithin } from "../../system/account-files.ts";
import type { RunAs } from "../../system/system-account.ts";
import type { LaunchExtension } from "../launch-extension.ts";
import type { ProcessIdentity } from "../../model/process-identity.ts";
import type { QemuPrograms } from "../../system/qemu-programs.ts";
import { spawnDetached, awaitSocket } from "../../system/child-process.ts";
import { measureLog, quoteLastLine } from "../describe-failure.ts";

type Share = MachineSpec["shares"][number];

interface ServeContext {
  readonly paths: MachinePaths;
  readonly registerHelper: (process: ProcessIdentity) => void;
}

export interface SharedFoldersOptions {
  /** Folders that the administrator allows, with everything below them. */
  readonly allowed: readonly string[];
  readonly programs: QemuPrograms | null;
  readonly runAs: RunAs;
  readonly clock: Clock;
}

/** Folders of the host inside guests. */
export function sharedFoldersExtension({
  allowed,
  programs,
  runAs,
  clock,
}: SharedFoldersOptions): LaunchExtension {
  const serve = async (
    share: Share,
    index: number,
    { paths, registerHelper }: ServeContext,
  ): Promise<string[] | null> => {
    const folder = await resolveSharedFolder(share.folder, allowed);
    if (folder === null) return null;
    if (share.kind === "9p") return share9pArguments({ ...share, folder }, index);
    const program = programs?.virtiofsd ?? null;
    if (program === null) throw refuse("This host has no virtiofsd. Install it, or share the folder by 9p.");
    if (!share.writable)
      throw refuse("virtiofs cannot keep a folder from being written to. Share it by 9p, or as writable.");
    if (process.getuid?.() === 0 && (await isOpenToOthers(folder)))
      throw refuse(
        "By virtiofs the guest's root can leave programs with root's rights in the folder. " +
          "Share one below a folder that only root may enter (chmod 700), or share it by 9p.",
      );
    const socket = `${paths.socketBase}fs${index}`;
    const args = virtiofsdArguments(folder, socket, "namespace");
    const from = await measureLog(paths.sharesLog);
    const { identity, detach } = spawnDetached({ program, args }, paths.sharesLog);
    registerHelper(identity);
    detach();
    if (!(await awaitSocket(socket, identity, clock)))
      throw refuse(
        `virtiofsd could not be started on this host.${await quoteLastLine(paths.sharesLog, from)}`,
      );
    // It keeps the launcher's account, so that files keep their owners; only QEMU may connect to it.
    if (runAs.kind === "account") await lchown(socket, runAs.account.uid, runAs.account.gid);
    return shareVirtiofsArguments(share.tag, socket, index);
  };
  return {
    async prepare(spec, paths, registerHelper) {
      const args: string[] = [];
      const missing: string[] = [];
      for (const [index, share] of spec.shares.entries()) {
        const added = await serve(share, index, { paths, registerHelper });
        if (added === null) missing.push(share.tag);
        else args.push(...added);
      }
      return { arguments: args, ...(missing.length > 0 && { remark: describeMissing(missing) }) };
    },
    release: () => Promise.resolve(),
  };
}

/** @param tags the mount tags of the folders that are not there */
function describeMissing(tags: readonly string[]): StateReason {
  const names = tags.join(", ");
  const reason = `A shared folder is missing on the host: ${names}. The machine runs without it.`;
  return { reason, cause: { code: "SHARE_MISSING", details: { tags: names } } };
}

/**
 * Resolves all links, and checks that the administrator allows the folder.
 * @returns null: there is no such folder
 * @throws LaunchError `SHARE_REFUSED`
 */
async function resolveSharedFolder(folder: string, allowed: readonly string[]): Promise<string | null> {
  let real: string;
  try {
    real = await realpath(folder);
    if (!(await stat(real)).isDirectory()) throw new Error("it is no folder");
  } catch (error) {
    if (isMissing(error)) return null;
    throw refuse("The folder to share cannot be read on this host, or is no folder.");
  }
  for (const one of allowed) {
    const root = await realpath(one).catch(() => null);
    if (root !== null && (real === root || isWithin(real, root))) return real;
  }
  throw refuse("The administrator of this host does not allow that folder to be shared (--allow-shares).");
}

/** Whether another account than root can reach the folder: then it can also run programs in it. */
async function isOpenToOthers(folder: string): Promise<boolean> {
  for (let above = dirname(folder); ; above = dirname(above)) {
    const { uid, mode } = await stat(above);
    if (uid === 0 && (mode & 0o011) === 0) return false;
    if (above === dirname(above)) return true;
  }
}

function refuse(text: string): LaunchError {
  return LaunchError.public("SHARE_REFUSED", text);
}
