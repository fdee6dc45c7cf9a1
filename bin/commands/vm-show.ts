import type { Command } from "commander";
import { machineCredential } from "../../web/api/schemas.ts";
import { AdminApi, AdminApiError } from "../admin-api.ts";
import { printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findMachine } from "./find-named.ts";
import { describeMachine } from "./describe-machine.ts";

export function defineMachineShow(command: Command): void {
  addAdminApiFlags(
    command
      .command("show <machine>")
      .description("one machine, its screens, and the secret of its boot scripts to its owner")
      .addHelpText("after", "\nExample:\n  postern vm show check-1 --data /var/lib/postern\n"),
  ).action(async (reference: string, flags: AdminApiFlags) => {
    const api = new AdminApi(flags);
    const row = await findMachine(api, reference);
    const path = `/machines/${encodeURIComponent(row.id)}`;
    const secret = row.credential ? await readCredential(api, path) : null;
    // In the list `credential` says whether there may be one; here it is the secret itself.
    printResult(flags.json === true, { ...row, credential: secret }, () =>
      secret === null
        ? describeMachine(row)
        : `${describeMachine(row)}  Secret of its boot scripts: ${secret}\n`,
    );
  });
}

/** Null: there is none, or it cannot be read now. */
async function readCredential(api: AdminApi, path: string): Promise<string | null> {
  try {
    return (await api.get(`${path}/credential`, machineCredential)).credential;
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error;
    process.stderr.write(`The secret of its boot scripts could not be read: ${error.message}\n`);
    return null;
  }
}
