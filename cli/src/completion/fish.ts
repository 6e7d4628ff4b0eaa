import { pathsBelow } from "./command-tree.ts";
import type { CommandPlace, OptionWord, Word } from "./command-tree.ts";

/** For fish 3. */
export function fishCompletion(places: readonly CommandPlace[]): string {
  return `# Completion of sluice for fish: sluice completion fish | source
function __sluice_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${pathsBelow(places).map(quote).join(" ")}
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
${places.flatMap(linesOf).join("\n")}
`;
}

function linesOf({ path, commands, values, options }: CommandPlace): string[] {
  const here = `complete -c sluice -n ${quote(`__sluice_at ${quote(path)}`)}`;
  return [
    ...commands.map((word) => `${here} -f -a ${quote(word.name)} ${described(word)}`),
    ...(values.length === 0 ? [] : [`${here} -f -a ${quote(values.join(" "))}`]),
    ...options.map((option) => `${here} ${flagsOf(option)} ${described(option)}`),
  ];
}

function flagsOf({ name, short, takesValue, choices }: OptionWord): string {
  const names = [
    `-l ${name.replace(/^--/, "")}`,
    ...(short === null ? [] : [`-s ${short.replace(/^-/, "")}`]),
  ];
  if (choices.length > 0) return `${names.join(" ")} -x -a ${quote(choices.join(" "))}`;
  return `${names.join(" ")}${takesValue ? " -r" : ""}`;
}

function described({ description }: Word): string {
  return `-d ${quote(description)}`;
}

/** Within single quotes fish knows two escapes. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
