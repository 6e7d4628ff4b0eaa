import { quoted } from "../shell-word.ts";
import { pathsBelow, wordsAt } from "./command-tree.ts";
import type { CommandPlace } from "./command-tree.ts";

/** For bash 3.2 and newer. Where nothing of ours fits, bash completes files. */
export function bashCompletion(places: readonly CommandPlace[]): string {
  return `# Completion of sluice for bash: source <(sluice completion bash)
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= words= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${pathsBelow(places).map(quoted).join(" | ")}) at="$at $word" ;;
    esac
  done
  case "$at $prev" in
${places.flatMap(valueCases).join("\n")}
    *)
      case "$at" in
${places.map(wordCase).join("\n")}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _sluice sluice
`;
}

/** Behind an option that takes a value: its choices, or nothing, which leaves it to files. */
function valueCases({ path, options }: CommandPlace): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ name, choices }) => `    ${quoted(`${path} ${name}`)}) words=${quoted(choices.join(" "))} ;;`);
}

function wordCase(place: CommandPlace): string {
  const words = wordsAt(place).map(({ name }) => name);
  return `        ${quoted(place.path)}) words=${quoted(words.join(" "))} ;;`;
}
