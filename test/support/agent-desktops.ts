import type { AgentSettings, PosternProgram } from "./postern.ts";

/** What is given to the agent for one desktop. */
export interface DesktopLogin {
  readonly password?: string;
  /** Flags without the desktop's name: `["--vnc-user", "ada"]` becomes `--vnc-user NAME=ada`. */
  readonly flags?: readonly (readonly [flag: string, value: string])[];
}

export interface AgentDesktop {
  readonly name: string;
  readonly endpoint: string;
  readonly login: DesktopLogin;
}

/** What an agent with these desktops is started with. */
export function describeDesktops(given: readonly AgentDesktop[]): AgentSettings {
  const desktops: Record<string, string | { endpoint: string; password: string }> = {};
  const args: string[] = [];
  for (const { name, endpoint, login } of given) {
    desktops[name] = login.password === undefined ? endpoint : { endpoint, password: login.password };
    for (const [flag, value] of login.flags ?? []) args.push(flag, value === "" ? name : `${name}=${value}`);
  }
  return { desktops, args };
}

/** A line of the agent's log that tells how it fared with a VNC server. */
export interface AgentLogLine {
  readonly event?: string;
  readonly desktop?: string;
  readonly security?: string;
  readonly code?: string;
}

export function readAgentLog(agent: PosternProgram): AgentLogLine[] {
  const lines = agent.process.output.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as AgentLogLine);
}
