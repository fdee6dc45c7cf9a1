import path from "node:path";
import { runProcess } from "./test-process.ts";

/** Writes the password file that VNC programs read, made by TigerVNC's own tool; returns its path. */
export async function writeVncPassword(folder: string, password: string): Promise<string> {
  const file = path.join(folder, `passwd-${Buffer.from(password).toString("hex")}`);
  const script = 'umask 077; tigervncpasswd -f > "$1"';
  const { code, stderr } = await runProcess("sh", ["-c", script, "sh", file], { input: `${password}\n` });
  if (code !== 0) throw new Error(`tigervncpasswd: ${stderr}`);
  return file;
}
