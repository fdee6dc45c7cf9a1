import type { GivenLogin } from "../given-login.ts";
import type { Owner } from "../owner.ts";
import type { Account } from "../own-security.ts";
import { makeSystemAccount } from "../system-account.ts";
import { makeTlsFiles, type TlsFiles } from "../vnc-servers.ts";
import type { ServerKind } from "./server-kinds.ts";

/** What the VNC servers of the matrix have in common. */
export interface ServerBench {
  readonly owner: Owner;
  readonly tls: TlsFiles;
  readonly vncPassword: string;
  readonly own: Account;
  readonly system: Account;
  /** Where a server without an agent dials in. */
  readonly repeater: { readonly port: number; createNumber(name: string): Promise<string> };
}

/** @param repeater as in ServerBench; making an account needs root */
export async function makeServerBench(owner: Owner, repeater: ServerBench["repeater"]): Promise<ServerBench> {
  const [tls, system] = await Promise.all([makeTlsFiles(owner), makeSystemAccount(owner)]);
  const own = { user: "Ada Lovelace", password: "Pw-CANARY-1815" };
  return { owner, tls, vncPassword: "in-side7", own, system, repeater };
}

/** What the agent is given for a server of this kind. */
export function giveLogin(bench: ServerBench, { flags, login = "vnc" }: ServerKind): GivenLogin {
  const account = login === "vnc" ? { user: "", password: bench.vncPassword } : bench[login];
  const values = { "--vnc-user": account.user, "--vnc-ca-file": bench.tls.ca, "--vnc-mslogon": "" };
  const given: (readonly [string, string])[] = [];
  for (const flag of flags ?? []) if (flag !== "--vnc-password-file") given.push([flag, values[flag]]);
  const secret = flags?.includes("--vnc-password-file") === true ? { password: account.password } : {};
  return { ...secret, flags: given };
}
