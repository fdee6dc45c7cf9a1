/** A command, as far as a shell completes it. */
export interface CompletionNode {
  /** `postern vm list` */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
  readonly options: readonly {
    readonly word: string;
    readonly about: string;
    readonly choices: readonly string[];
  }[];
}

/** A shell's completion of a command line, as a script that needs nothing else. */
export function writeCompletion(shell: "bash" | "zsh" | "fish", nodes: readonly CompletionNode[]): string {
  if (shell === "fish") return writeFish(nodes);
  return shell === "bash" ? writeBash(nodes) : writeZsh(nodes);
}

function writeBash(nodes: readonly CompletionNode[]): string {
  return `# Completion of postern for bash.
_postern() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at=postern words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${listPaths(nodes)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $before" in
${listChoices(nodes, (choices) => `words=${quote(choices.join(" "))}`)}
  esac
  if [ -z "$words" ]; then
    case "$at" in
${listWords(nodes, (words) => `words=${quote(words.join(" "))}`)}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _postern postern
`;
}

function writeZsh(nodes: readonly CompletionNode[]): string {
  return `#compdef postern
# Completion of postern for zsh.
_postern() {
  local at=postern i
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${listPaths(nodes)}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT - 1]}" in
${listChoices(nodes, (choices) => `compadd -- ${choices.map(quote).join(" ")}; return`)}
  esac
  case "$at" in
${listWords(nodes, (words) => `compadd -- ${words.map(quote).join(" ")}`)}
  esac
  _files
}
compdef _postern postern
`;
}

function writeFish(nodes: readonly CompletionNode[]): string {
  const paths = nodes.map(({ path }) => quote(path)).join(" ");
  const lines = nodes.flatMap(({ path, words, options }) => {
    const when = `-n ${quote(`__postern_at ${path}`)}`;
    return [
      ...words.map(
        ({ word, about }) => `complete -c postern -f ${when} -a ${quote(word)} -d ${quote(about)}`,
      ),
      ...options.map(({ word, about, choices }) => {
        const values = choices.length === 0 ? "" : ` -x -a ${quote(choices.join(" "))}`;
        return `complete -c postern ${when} -l ${quote(word.slice(2))}${values} -d ${quote(about)}`;
      }),
    ];
  });
  return `# Completion of postern for fish.
function __postern_at
  set -l at postern
  for word in (commandline -opc)[2..-1]
    if contains -- "$at $word" ${paths}
      set at "$at $word"
    end
  end
  test "$at" = "$argv"
end
${lines.join("\n")}
`;
}

function listPaths(nodes: readonly CompletionNode[]): string {
  const below = nodes.filter(({ path }) => path.includes(" ")).map(({ path }) => quote(path));
  return below.join(" | ");
}

/** One line of a `case` for each option that takes one of a list. */
function listChoices(nodes: readonly CompletionNode[], act: (choices: readonly string[]) => string): string {
  return nodes
    .flatMap(({ path, options }) =>
      options
        .filter(({ choices }) => choices.length > 0)
        .map(({ word, choices }) => `    ${quote(`${path} ${word}`)}) ${act(choices)} ;;`),
    )
    .join("\n");
}

function listWords(nodes: readonly CompletionNode[], act: (words: readonly string[]) => string): string {
  return nodes
    .map(({ path, words, options }) => {
      const all = [...words, ...options].map(({ word }) => word);
      return `    ${quote(path)}) ${act(all)} ;;`;
    })
    .join("\n");
}

/** An apostrophe becomes a typographic one: the three shells have no common way to write it. */
function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "’")}'`;
}
