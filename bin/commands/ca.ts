import type { Command } from "commander";
import { authority } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";

const EXAMPLES = `
Examples:
  postern ca --data /var/lib/postern > postern-ca.pem
  vncviewer -SecurityTypes X509Vnc -X509CA postern-ca.pem desk.example.org::8443
`;

export function defineCa(command: Command): void {
  addClientFlags(command)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ClientFlags) => {
      const found = await new AdminApi(flags.data).get("/ca", authority);
      print(flags.json === true, found, () => found.certificate);
    });
}
