import { realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import { LaunchError, type Clock } from "../../protocol/index.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import { share9pArguments, shareVirtiofsArguments, virtiofsdArguments } from "../argv/shares.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import { awaitSocket } from "./await-socket.ts";
import type { Outfitter } from "./outfit.ts";
import type { ProcessIdentity } from "./proc-stat.ts";
import type { Programs } from "./programs.ts";
import { spawnApart } from "./spawn-apart.ts";

type Share = MachineSpec["shares"][number];

/**
 * Folders of the host inside guests.
 * @param allowed folders that the administrator allows, with everything below them
 */
export function sharesOutfitter(
  allowed: readonly string[],
  programs: Programs | null,
  clock: Clock,
): Outfitter {
  const serve = async (
    share: Share,
    index: number,
    paths: MachinePaths,
    note: (process: ProcessIdentity) => void,
  ): Promise<string[]> => {
    const folder = await resolveShare(share.folder, allowed);
    if (share.kind === "9p") return share9pArguments({ ...share, folder }, index);
    const program = programs?.virtiofsd ?? null;
    if (program === null) throw refuse("This host has no virtiofsd. Install it, or share the folder by 9p.");
    if (!share.writable)
      throw refuse("virtiofs cannot keep a folder from being written to. Share it by 9p, or as writable.");
    const socket = `${paths.socketBase}fs${index}`;
    const args = virtiofsdArguments(folder, socket, "namespace");
    const { identity, letGo } = spawnApart({ program, args }, paths.log);
    note(identity);
    letGo();
    if (!(await awaitSocket(socket, identity, clock)))
      throw refuse("virtiofsd could not be started on this host.");
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
export async function resolveShare(folder: string, allowed: readonly string[]): Promise<string> {
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

function refuse(text: string): LaunchError {
  return new LaunchError("SHARE_REFUSED", text, { safeMessage: text });
}
