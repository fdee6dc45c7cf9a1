import type { DesktopLogin } from "../agent-desktops.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import type { VncAccount } from "../test-vnc-security.ts";
import { makeSystemAccount } from "../system-account.ts";
import { makeTlsFiles, type TlsFiles } from "../vnc-servers.ts";
import type { ServerKind } from "./server-kinds.ts";

/** What the VNC servers of the matrix have in common. */
export interface ServerFixture {
  readonly cleanup: CleanupStack;
  readonly tls: TlsFiles;
  readonly vncPassword: string;
  readonly own: VncAccount;
  readonly system: VncAccount;
  /** Where a server without an agent dials in. */
  readonly repeater: { readonly port: number; createNumber(name: string): Promise<string> };
}

/** @param repeater as in ServerBench; making an account needs root */
export async function makeServerFixture(
  cleanup: CleanupStack,
  repeater: ServerFixture["repeater"],
): Promise<ServerFixture> {
  const [tls, system] = await Promise.all([makeTlsFiles(cleanup), makeSystemAccount(cleanup)]);
  const own = { user: "Ada Lovelace", password: "Pw-CANARY-1815" };
  return { cleanup, tls, vncPassword: "in-side7", own, system, repeater };
}

/** What the agent is given for a server of this kind. */
export function loginOf(serverFixture: ServerFixture, { flags, login = "vnc" }: ServerKind): DesktopLogin {
  const account = login === "vnc" ? { user: "", password: serverFixture.vncPassword } : serverFixture[login];
  const values = { "--vnc-user": account.user, "--vnc-ca-file": serverFixture.tls.ca, "--vnc-mslogon": "" };
  const given: (readonly [string, string])[] = [];
  for (const flag of flags ?? []) if (flag !== "--vnc-password-file") given.push([flag, values[flag]]);
  const secret = flags?.includes("--vnc-password-file") === true ? { password: account.password } : {};
  return { ...secret, flags: given };
}
