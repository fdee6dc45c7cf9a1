import { randomBytes } from "node:crypto";
import type { CleanupStack } from "./cleanup-stack.ts";
import { runProcess } from "./test-process.ts";

export interface SystemAccount {
  readonly user: string;
  readonly password: string;
}

/** Whether accounts can be made here. */
export const CAN_MAKE_ACCOUNTS = process.getuid?.() === 0;

/** Makes an account of this system with a password, for servers that ask PAM; it goes when the owner closes. */
export async function makeSystemAccount(cleanup: CleanupStack): Promise<SystemAccount> {
  const user = `pt-${randomBytes(4).toString("hex")}`;
  const password = `Pw-${randomBytes(9).toString("hex")}`;
  await run("useradd", ["--no-create-home", "--shell", "/usr/sbin/nologin", user]);
  cleanup.add({ stop: () => run("userdel", [user]) });
  await run("chpasswd", [], `${user}:${password}\n`);
  return { user, password };
}

async function run(command: string, args: readonly string[], input = ""): Promise<void> {
  const { code, stderr } = await runProcess(command, args, { input });
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`);
}
