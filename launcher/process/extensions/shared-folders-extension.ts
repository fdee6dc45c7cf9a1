import { lchown, realpath, stat } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { LaunchError, type Clock } from "../../../protocol/index.ts";
import type { MachinePaths } from "../../model/machine-paths.ts";
import {
  share9pArguments,
  shareVirtiofsArguments,
  virtiofsdArguments,
} from "../../argv/shared-folder-arguments.ts";
import type { MachineSpec } from "../../model/machine-spec.ts";
import type { RunAs } from "../../system/system-account.ts";
import type { LaunchExtension } from "../launch-extension.ts";
import type { ProcessIdentity } from "../../model/process-identity.ts";
import type { QemuPrograms } from "../../system/qemu-programs.ts";
import { spawnDetached, awaitSocket } from "../../system/child-process.ts";

type Share = MachineSpec["shares"][number];

/**
 * Folders of the host inside guests.
 * @param allowed folders that the administrator allows, with everything below them
 */
export function sharedFoldersExtension(
  allowed: readonly string[],
  programs: QemuPrograms | null,
  runAs: RunAs,
  clock: Clock,
): LaunchExtension {
  const serve = async (
    share: Share,
    index: number,
    paths: MachinePaths,
    note: (process: ProcessIdentity) => void,
  ): Promise<string[]> => {
    const folder = await resolveSharedFolder(share.folder, allowed);
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
    const { identity, detach: letGo } = spawnDetached({ program, args }, paths.log);
    note(identity);
    letGo();
    if (!(await awaitSocket(socket, identity, clock)))
      throw refuse("virtiofsd could not be started on this host.");
    // It stays who we are, so that files keep their owners; QEMU alone may speak to it.
    if (runAs.kind === "account") await lchown(socket, runAs.account.uid, runAs.account.gid);
    return shareVirtiofsArguments(share.tag, socket, index);
  };
  return {
    async prepare(spec, paths, note) {
      const words: string[] = [];
      for (const [index, share] of spec.shares.entries())
        words.push(...(await serve(share, index, paths, note)));
      return { arguments: words };
    },
    release: () => Promise.resolve(),
  };
}

/**
 * The folder itself, behind all links, if the administrator allows it.
 * @throws LaunchError `SHARE_REFUSED`
 */
export async function resolveSharedFolder(folder: string, allowed: readonly string[]): Promise<string> {
  let real: string;
  try {
    real = await realpath(folder);
    if (!(await stat(real)).isDirectory()) throw new Error("it is no folder");
  } catch {
    throw refuse("The folder to share does not exist on this host.");
  }
  for (const one of allowed) {
    const root = await realpath(one).catch(() => null);
    if (root === null) continue;
    if (real === root || real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) return real;
  }
  throw refuse("The administrator of this host does not allow that folder to be shared (--allow-shares).");
}

/** Whether another account than root could come to it: then it could also run what lies in there. */
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
