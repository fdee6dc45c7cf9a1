import { lchown, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { LaunchError, type Clock } from "../../../protocol/index.ts";
import { swtpmArguments, tpmArguments } from "../../argv/tpm-arguments.ts";
import { type SystemAccount, type RunAs, runAsAccount } from "../../system/system-account.ts";
import type { LaunchExtension } from "../launch-extension.ts";
import { grantTraversal } from "../../system/account-files.ts";
import type { QemuPrograms } from "../../system/qemu-programs.ts";
import { spawnDetached, awaitSocket } from "../../system/child-process.ts";
import { measureLog, quoteLastLine } from "../describe-failure.ts";

/** A TPM 2 for machines that ask for one: one swtpm each, under QEMU's account, which ends with QEMU. */
export function tpmExtension(programs: QemuPrograms | null, runAs: RunAs, clock: Clock): LaunchExtension {
  return {
    async prepare(spec, paths, registerHelper) {
      if (!spec.firmware.tpm) return {};
      const program = programs?.swtpm ?? null;
      if (program === null) {
        const text = "This host has no TPM emulator. Install it with: apt install swtpm";
        throw LaunchError.public("TPM_MISSING", text);
      }
      await mkdir(paths.tpmDir, { recursive: true, mode: 0o700 });
      await rm(paths.tpmSocket, { force: true });
      const plain = { program, args: swtpmArguments(paths.tpmDir, paths.tpmSocket) };
      await grantTraversal(runAs, [paths.dir]);
      if (runAs.kind === "account") await giveFolder(paths.tpmDir, runAs.account);
      const from = await measureLog(paths.tpmLog);
      const command = runAs.kind === "account" ? runAsAccount(plain, runAs) : plain;
      const { identity, detach } = spawnDetached(command, paths.tpmLog);
      registerHelper(identity);
      detach();
      if (!(await awaitSocket(paths.tpmSocket, identity, clock))) {
        const said = await quoteLastLine(paths.tpmLog, from);
        throw LaunchError.public("TPM_START", `The machine's TPM could not be started.${said}`);
      }
      return { arguments: tpmArguments(spec.arch, paths.tpmSocket) };
    },
    release: () => Promise.resolve(),
  };
}

/** Makes the account the owner of the folder and of what an earlier start left in it. */
async function giveFolder(folder: string, { uid, gid }: SystemAccount): Promise<void> {
  for (const name of await readdir(folder)) await lchown(join(folder, name), uid, gid);
  await lchown(folder, uid, gid);
}
