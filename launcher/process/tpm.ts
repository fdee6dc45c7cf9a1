import { mkdir, rm } from "node:fs/promises";
import { LaunchError, type Clock } from "../../protocol/index.ts";
import { swtpmArguments, tpmArguments } from "../argv/tpm.ts";
import { awaitSocket } from "./await-socket.ts";
import type { Outfitter } from "./outfit.ts";
import type { Programs } from "./programs.ts";
import { spawnApart } from "./spawn-apart.ts";

/** A TPM 2 for machines that ask for one: a swtpm for each, which ends when QEMU does. */
export function tpmOutfitter(programs: Programs | null, clock: Clock): Outfitter {
  return {
    async prepare(spec, paths, note) {
      if (!spec.firmware.tpm) return {};
      const program = programs?.swtpm ?? null;
      if (program === null) {
        const text = "This host has no TPM emulator. Install it with: apt install swtpm";
        throw new LaunchError("TPM_MISSING", text, { safeMessage: text });
      }
      await mkdir(paths.tpmDir, { recursive: true, mode: 0o700 });
      await rm(paths.tpmSocket, { force: true });
      const args = swtpmArguments(paths.tpmDir, paths.tpmSocket);
      const { identity, letGo } = spawnApart({ program, args }, paths.log);
      note(identity);
      letGo();
      if (!(await awaitSocket(paths.tpmSocket, identity, clock))) {
        throw new LaunchError("TPM_START", "swtpm did not start", {
          safeMessage: "The machine's TPM could not be started.",
        });
      }
      return { arguments: tpmArguments(spec.arch, paths.tpmSocket) };
    },
    release: () => Promise.resolve(),
  };
}
