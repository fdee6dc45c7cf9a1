import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { ExitCode } from "./terminal/exit-codes.ts";
import { nameProgram } from "./terminal/program-name.ts";
import { refuseUnknownCommand } from "./terminal/unknown-command.ts";

/** One subcommand: its help text, and the file that is loaded only when it is called. */
interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<(command: Command) => void>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: "up",
    summary: "server and host together on this machine: everything for a first desktop",
    load: async () => (await import("./commands/up.ts")).defineUp,
  },
  {
    name: "server",
    summary: "the central server: web pages, viewers and agents meet here",
    load: async () => (await import("./commands/server.ts")).defineServer,
  },
  {
    name: "host",
    summary: "run virtual machines here and publish their screens",
    load: async () => (await import("./commands/host.ts")).defineHost,
  },
  {
    name: "agent",
    summary: "publish VNC servers that exist already; on a server: list, revoke, rotate, label, allow-host",
    load: async () => (await import("./commands/agent.ts")).defineAgent,
  },
  {
    name: "join",
    summary: "invite an agent or a host",
    load: async () => (await import("./commands/join.ts")).defineJoin,
  },
  {
    name: "ca",
    summary: "the certificate that VNC viewers check the server by",
    load: async () => (await import("./commands/ca.ts")).defineCa,
  },
  {
    name: "token",
    summary: "8-character tokens for VNC viewers",
    load: async () => (await import("./commands/token.ts")).defineToken,
  },
  {
    name: "repeater",
    summary: "numbers for UltraVNC's repeater protocol",
    load: async () => (await import("./commands/repeater.ts")).defineRepeater,
  },
  {
    name: "ticket",
    summary: "one-time tickets for WebSocket viewers",
    load: async () => (await import("./commands/ticket.ts")).defineTicket,
  },
  {
    name: "desktop",
    summary: "desktops that agents publish or have published: list, label, remove",
    load: async () => (await import("./commands/desktop.ts")).defineDesktop,
  },
  {
    name: "group",
    summary: "groups of people, and how much their members may have",
    load: async () => (await import("./commands/group.ts")).defineGroup,
  },
  {
    name: "grant",
    summary: "who may see, view, control or manage which desktops, and create machines",
    load: async () => (await import("./commands/grant.ts")).defineGrant,
  },
  {
    name: "vm",
    summary: "virtual machines: create, list, start, stop",
    load: async () => (await import("./commands/vm.ts")).defineVm,
  },
  {
    name: "image",
    summary: "images of a host: list, add, import, download, build, resize, remove",
    load: async () => (await import("./commands/image.ts")).defineImage,
  },
  {
    name: "darts",
    summary: "move here from DARTS (qemu-web-desktop)",
    load: async () => (await import("./commands/darts.ts")).defineDarts,
  },
  {
    name: "doctor",
    summary: "what this machine can do, what it lacks, and what helps",
    load: async () => (await import("./commands/doctor.ts")).defineDoctor,
  },
  {
    name: "disk",
    summary: "people's data disks: list, remove, move",
    load: async () => (await import("./commands/disk.ts")).defineDisk,
  },
  {
    name: "user",
    summary: "people's accounts: add, list, role, password, disable, sessions",
    load: async () => (await import("./commands/user.ts")).defineUser,
  },
  {
    name: "login",
    summary: "sign in to a server elsewhere; every command then takes --server NAME",
    load: async () => (await import("./commands/login.ts")).defineLogin,
  },
  {
    name: "logout",
    summary: "end what `login` began",
    load: async () => (await import("./commands/login.ts")).defineLogout,
  },
  {
    name: "api-token",
    summary: "tokens of the REST API, for programs: create, list, revoke",
    load: async () => (await import("./commands/api-token.ts")).defineApiToken,
  },
  {
    name: "completion",
    summary: "completion for bash, zsh and fish",
    load: async () => (await import("./commands/completion.ts")).defineCompletionWith(loadProgram),
  },
  {
    name: "session",
    summary: "who is looking at what, now and before",
    load: async () => (await import("./commands/session.ts")).defineSession,
  },
  {
    name: "audit",
    summary: "the audit log: read it, check it",
    load: async () => (await import("./commands/audit.ts")).defineAudit,
  },
];

const EXAMPLES = `
Examples:
  postern up --data ./postern-data                               first desktop on this machine
  postern join create --data /var/lib/postern                    a secret for one more agent; --host: for a host
  postern token create --data /var/lib/postern --desktop lab-1   a token for a VNC viewer
  postern vm create memtest86+ --data /var/lib/postern --wait    a machine, from the command line

\`postern COMMAND --help\` shows options and examples of each.
Exit codes: 0 done, 1 failed, 2 wrong usage or ambiguous name, 3 the server cannot be reached, 4 refused.
`;

/** The whole command line. Only the called command is loaded. */
export function createProgram(): Command {
  const program = new Command("postern")
    .description("Reach the desktops of machines that nobody can connect to.")
    .version(`${readVersion()} (${describeRuntime()})`)
    // So that `agent list --data DIR` is not parsed as an option of `agent`.
    .enablePositionalOptions()
    .showHelpAfterError("(`--help` shows the options and examples)")
    .addHelpText("after", EXAMPLES)
    .configureOutput({
      writeOut: (text) => process.stdout.write(nameProgram(text)),
      writeErr: (text) => process.stderr.write(nameProgram(text)),
    })
    .exitOverride();
  for (const entry of COMMANDS) program.command(entry.name).summary(entry.summary).description(entry.summary);
  program.hook("preSubcommand", async (_parent, child) => {
    const entry = COMMANDS.find(({ name }) => name === child.name());
    if (entry) await loadCommand(entry, child);
  });
  // Whatever follows an unknown command is not looked at.
  program.allowExcessArguments().allowUnknownOption();
  program.action(() => {
    refuseUnknownCommand(program);
    program.outputHelp();
    throw new CommanderError(ExitCode.usage, "postern.help", "");
  });
  return program;
}

/** The command line with every command loaded, to be looked at and not to be run. */
async function loadProgram(): Promise<Command> {
  const program = createProgram();
  for (const entry of COMMANDS) {
    const command = program.commands.find((child) => child.name() === entry.name);
    if (command !== undefined) await loadCommand(entry, command);
  }
  return program;
}

async function loadCommand(entry: CommandEntry, command: Command): Promise<void> {
  command.exitOverride();
  (await entry.load())(command);
}

/** The Node.js version in use, and whether set-up installed it. */
function describeRuntime(): string {
  const bundled = process.execPath.includes("/bin/runtime/node_modules/");
  return `Node.js ${process.version}${bundled ? ", brought along by set-up" : ""}`;
}

function readVersion(): string {
  // The path is relative to bin/ in the sources and to dist/bin/ in a build, which is one folder deeper.
  for (const candidate of ["../package.json", "../../package.json"]) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(candidate, import.meta.url), "utf8"));
      if (manifest && typeof manifest === "object" && "version" in manifest) return String(manifest.version);
    } catch {
      continue;
    }
  }
  return "unknown";
}
