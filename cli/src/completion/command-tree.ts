/** The commands and options of a program, as far as a shell completes them. */
import type { Command, Option } from "commander";

export interface Word {
  readonly name: string;
  readonly description: string;
}

export interface OptionWord extends Word {
  /** `-h`, where there is one. */
  readonly short: string | null;
  readonly takesValue: boolean;
  /** What its value may be; none: anything. */
  readonly choices: readonly string[];
}

/** What may be said behind a command. */
export interface CommandPlace {
  /** The words up to here, each with a space before it: ` runs list`; empty behind the program's name. */
  readonly path: string;
  readonly commands: readonly Word[];
  /** What its arguments may be; none: anything. */
  readonly values: readonly string[];
  readonly options: readonly OptionWord[];
}

/** Every place of the program, its own first. */
export function placesOf(program: Command): readonly CommandPlace[] {
  return collect(program, "", []);
}

function collect(command: Command, path: string, besides: readonly Word[]): CommandPlace[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const words = commands.map((each) => ({ name: each.name(), description: firstLine(each.description()) }));
  const here: CommandPlace = {
    path,
    // What is helped with is any of the commands beside it.
    commands: command.name() === HELP ? besides.filter(({ name }) => name !== HELP) : words,
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    options: help.visibleOptions(command).map(toOptionWord),
  };
  return [here, ...commands.flatMap((each) => collect(each, `${path} ${each.name()}`, words))];
}

const HELP = "help";

function toOptionWord({ long, short, description, required, optional, argChoices }: Option): OptionWord {
  return {
    name: long ?? short ?? "",
    short: long === undefined ? null : (short ?? null),
    description: firstLine(description),
    takesValue: required || optional,
    choices: argChoices ?? [],
  };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Words whose meaning depends on nothing but the place: paths that go on. */
export function pathsBelow(places: readonly CommandPlace[]): readonly string[] {
  return places.flatMap(({ path }) => (path === "" ? [] : [path]));
}

/** The words that may follow at a place. */
export function wordsAt({ commands, values, options }: CommandPlace): readonly Word[] {
  return [...commands, ...values.map((name) => ({ name, description: "" })), ...options];
}
