import { fileURLToPath } from "node:url";
import type { CleanupStack } from "./cleanup-stack.ts";
import type { PosternServer } from "./postern.ts";
import { runProcess, startProcess, type TestProcess } from "./test-process.ts";

const PROGRAM = fileURLToPath(new URL("../mip1-agent/agent.py", import.meta.url));

export interface Mip1AgentSettings {
  readonly identifier: string;
  readonly identifierType?: number;
  /** Absent: the agent offers no ALPN. */
  readonly alpn?: string;
  /** The local address of the data connections alone. */
  readonly dataBind?: string;
}

/** Starts the independent MiP 1 agent; it has sent its Handshake when this settles. */
export async function startMip1Agent(
  cleanup: CleanupStack,
  server: Pick<PosternServer, "listen">,
  settings: Mip1AgentSettings,
): Promise<TestProcess> {
  const agent = startProcess(cleanup, "python3", [
    PROGRAM,
    ...["--proxy", `127.0.0.1:${server.listen}`, "--identifier", settings.identifier],
    ...["--identifier-type", String(settings.identifierType ?? 1), "--alpn", settings.alpn ?? "none"],
    ...(settings.dataBind === undefined ? [] : ["--data-bind", settings.dataBind]),
  ]);
  await agent.waitForOutput(/handshake sent/);
  return agent;
}

/** What viewers of this identifier's desktop type, as the agent's own code derives it: specified, and shipped. */
export async function deriveMip1Tokens(identifier: string): Promise<[string, string]> {
  const { stdout } = await runProcess("python3", [PROGRAM, "--tokens", "--identifier", identifier]);
  const [specified = "", shipped = ""] = stdout.split("\n");
  return [specified, shipped];
}
