import { Argument, type Command } from "commander";
import { writeCompletion, type CompletionNode } from "../terminal/completion-scripts.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

const EXAMPLES = `
Examples:
  postern completion bash > ~/.local/share/bash-completion/completions/postern
  postern completion zsh > ~/.zfunc/_postern
  postern completion fish > ~/.config/fish/completions/postern.fish
`;

/** @param loadProgram the whole command line, every command loaded */
export function defineCompletionWith(loadProgram: () => Promise<Command>): (command: Command) => void {
  return (command) => {
    command
      .addArgument(new Argument("<shell>", "which one").choices(SHELLS))
      .addHelpText("after", EXAMPLES)
      .action(async (shell: Shell) => {
        const nodes = listNodes(await loadProgram(), []);
        process.stdout.write(writeCompletion(shell, nodes));
      });
  };
}

function listNodes(command: Command, before: readonly string[]): CompletionNode[] {
  const path = [...before, command.name()];
  const subcommands = command.commands.map((child) => ({ word: child.name(), about: child.description() }));
  const choices = command.registeredArguments[0]?.argChoices ?? [];
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .flatMap(({ long, description, argChoices = [] }) =>
      long === undefined || long === null ? [] : [{ word: long, about: description, choices: argChoices }],
    );
  const words = [...subcommands, ...choices.map((word) => ({ word, about: "" }))];
  const own = {
    path: path.join(" "),
    words,
    options: [...options, { word: "--help", about: "options and examples", choices: [] }],
  };
  return [own, ...command.commands.flatMap((child) => listNodes(child, path))];
}
