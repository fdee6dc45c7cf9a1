import { formatHostPort, formatViewerAddress } from "../../protocol/index.ts";
import type { FirstLoginCredentials, RunningServer } from "./start-server.ts";

/** What a person needs after a start: the address, how to sign in, and the fingerprint for agents. */
export function formatServerSummary(server: RunningServer): string {
  const { web, rfb } = server.proxy.advertised;
  const lines = ["", `  Web page       https://${formatHostPort(web)}/`];
  if (rfb) {
    lines.push(`  VNC viewers    ${formatViewerAddress(rfb)}`);
    lines.push(`  Viewers show   ${server.proxy.viewerFingerprint}`);
  }
  lines.push(`  Fingerprint    ${server.proxy.fingerprint}`);
  return `${lines.join("\n")}\n\n`;
}

/** Printed as soon as the account is made: the password cannot be recovered later. */
export function formatFirstLogin({ name, password }: FirstLoginCredentials): string {
  const lines = ["", `  First login    ${name}`, `  Password       ${password}`];
  lines.push("                 (shown this once; it is stored only as a hash)");
  return `${lines.join("\n")}\n`;
}
