import { formatHostPort } from "../../../protocol/host-port.ts";
import type { Service } from "../../api/schemas.ts";

export type HostKind = "publish" | "machines";

/** The command lines for a host. The secret is in the environment: all users of the host see arguments. */
export function buildHostCommand(kind: HostKind, service: Service, secret: string): string {
  const lines = [
    `POSTERN_JOIN=${secret} bin/postern ${kind === "publish" ? "agent" : "host"}`,
    `--proxy ${quote(formatHostPort(service.web))}`,
    `--fingerprint ${service.fingerprint}`,
    `--data ${kind === "publish" ? "~/.postern-agent" : "/var/lib/postern-host"}`,
    ...(kind === "publish" ? ["--desktop office=tcp:127.0.0.1:5901"] : []),
  ];
  return lines.join(" \\\n  ");
}

/** Brackets of IPv6 are patterns for some shells. */
function quote(word: string): string {
  return word.includes("[") ? `'${word}'` : word;
}

/**
 * The command that makes a join secret on the server itself.
 * @param command the one that the server names, for an agent
 */
export function buildJoinCommand(kind: HostKind, command: string): string {
  return kind === "machines" ? `${command} --host --admit` : command;
}
