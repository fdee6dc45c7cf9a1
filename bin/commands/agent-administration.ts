import type { Command } from "commander";
import { z } from "zod";
import { agent, type Agent } from "../../web/api/schemas.ts";
import { AdminApi, AdminApiError } from "../admin-api.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { formatAge, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

const EXAMPLES = `
Examples:
  postern agent list --data /var/lib/postern
  postern agent revoke lab-host-3 --data /var/lib/postern
  postern agent rotate 1f0c6a2b… --data /var/lib/postern
  postern agent allow-host rack-2 --data /var/lib/postern
  postern agent label rack-2 room-12 --data /var/lib/postern
`;

/** What a server's administrator does with agents: `list`, `revoke`, `rotate`, `label`, `allow-host`. */
export function defineAgentAdministration(command: Command): void {
  addAdminApiFlags(command.command("list").description("on the server: every agent that has joined"))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AdminApiFlags) => {
      const rows = await listAgents(new AdminApi(flags));
      printResult(flags.json === true, rows, () =>
        formatTable(["NAME", "KIND", "STATE", "SEEN", "CLONES", "ID"], rows.map(toCells)),
      );
    });
  addAdminApiFlags(
    command
      .command("revoke <agent>")
      .description("on the server: refuse this agent's key for good, and end its sessions"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (wanted: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const { id, name } = await findAgent(api, wanted);
      await api.remove(`/agents/${id}`);
      printResult(
        flags.json === true,
        { id, name },
        () => `Revoked ${name}. It can join again only with a new key.\n`,
      );
    });
  addAdminApiFlags(
    command.command("rotate <agent>").description("on the server: have this agent make itself a new key"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (wanted: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const { id, name } = await findAgent(api, wanted);
      await api.post(`/agents/${id}/rotate`, {}, z.unknown());
      printResult(
        flags.json === true,
        { id, name },
        () => `${name} has a new key. The old one is worth nothing now.\n`,
      );
    });
  addAdminApiFlags(
    command
      .command("label <agent> [labels...]")
      .description("on the server: labels of all its desktops and machines, in place of those of before"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (wanted: string, labels: string[], flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const { id, name } = await findAgent(api, wanted);
      await api.put(`/agents/${encodeURIComponent(id)}/labels`, { labels });
      printResult(flags.json === true, { id, name, labels }, () => `${name} has these labels now.\n`);
    });
  addAdminApiFlags(
    command
      .command("allow-host <agent>")
      .description(
        "on the server: this agent may be a host and have machines; also lets a host in that waits",
      ),
  )
    .option("--undo", "it may only publish desktops from now on; its connection ends")
    .addHelpText("after", EXAMPLES)
    .action(async (wanted: string, flags: AdminApiFlags & { readonly undo?: boolean }) => {
      const api = new AdminApi(flags);
      const { id, kind } = await findAgent(api, wanted);
      const role = flags.undo === true ? "agent" : "host";
      const changed = await api.post(`/agents/${encodeURIComponent(id)}/role`, { role }, agent);
      printResult(flags.json === true, changed, () => explainRole(changed, kind));
    });
}

function explainRole({ name, kind }: Agent, before: Agent["kind"]): string {
  if (kind !== "host")
    return `${name} may no longer have machines. Start it with \`postern agent\` from now on.\n`;
  if (before === "host") return `${name} is let in: it gets machines.\n`;
  return `${name} may be a host. Start it there with \`postern host\` and the same --data.\n`;
}

function listAgents(api: AdminApi): Promise<Agent[]> {
  return api.get("/agents", z.array(agent));
}

/**
 * By id, or by a name that is unique among the agents. @throws AdminApiError `AGENT_UNKNOWN`, `AGENT_AMBIGUOUS`
 */
async function findAgent(api: AdminApi, wanted: string): Promise<Agent> {
  const agents = (await listAgents(api)).filter(({ state }) => state !== "revoked");
  const byId = agents.find(({ id }) => id === wanted);
  if (byId) return byId;
  const [first, ...others] = agents.filter(({ name }) => name === wanted);
  if (!first) throw new AdminApiError("AGENT_UNKNOWN", `There is no agent "${wanted}".`, ExitCode.failed);
  if (others.length === 0) return first;
  const choices = [first, ...others].map(({ id }) => id);
  const message = `Several agents are called "${wanted}". Give the id.`;
  throw new AdminApiError("AGENT_AMBIGUOUS", message, ExitCode.usage, choices);
}

function toCells(row: Agent): string[] {
  const seen = row.lastSeenAt === null ? "never" : formatAge(row.lastSeenAt);
  const kind = row.kind === "host" && !row.admitted ? "host, waits to be let in" : row.kind;
  return [row.name, kind, row.state, seen, row.clones === 0 ? "" : String(row.clones), row.id];
}
