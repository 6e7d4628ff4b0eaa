import { quoted } from "../shell-word.ts";
import { pathsBelow, wordsAt } from "./command-tree.ts";
import type { CommandPlace, Word } from "./command-tree.ts";

/** For zsh 5, sourced after compinit, or as a file _sluice on its fpath. */
export function zshCompletion(places: readonly CommandPlace[]): string {
  return `#compdef sluice
# Completion of sluice for zsh: source <(sluice completion zsh)
_sluice() {
  local at= word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${pathsBelow(places).map(quoted).join("|")}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${places.flatMap(valueCases).join("\n")}
    (*)
      case "$at" in
${places.map(wordCase).join("\n")}
      esac
      ;;
  esac
  if (( \${#found} )); then _describe 'sluice' found; else _files; fi
}
if [[ "\${funcstack[1]}" == _sluice ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`;
}

function valueCases({ path, options }: CommandPlace): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(
      ({ name, choices }) => `    (${quoted(`${path} ${name}`)}) found=(${choices.map(quoted).join(" ")}) ;;`,
    );
}

function wordCase(place: CommandPlace): string {
  const words = wordsAt(place).map(described).join(" ");
  return `        (${quoted(place.path)}) found=(${words}) ;;`;
}

/** A colon ends the word, so those within it are escaped. */
function described({ name, description }: Word): string {
  return quoted(`${name.replaceAll(":", "\\:")}:${description}`);
}
