/** What all commands have in common: help with examples and exit codes, and options that several share. */
import type { Command } from "commander";
import { createApi } from "./api.ts";
import type { Api } from "./api.ts";
import { httpUrl } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { cliError } from "./errors.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

/** What does the work of a command. It prints to `cli`, answers how the process ends, and throws errors with a code. */
export type Handler<Args extends unknown[]> = (cli: Cli, ...args: Args) => Promise<ExitCode>;

/** Turns a handler into commander's action. */
export type Run = <Args extends unknown[]>(handler: Handler<Args>) => (...args: Args) => Promise<void>;

export interface CommandHelp {
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Command lines without the word `sluice`, each with what it does. */
  readonly examples: readonly (readonly [string, string])[];
  /** Further paragraphs. */
  readonly more?: string;
}

/** Adds a command; `usage` is its name with its arguments, as commander takes them. */
export function addCommand(
  parent: Command,
  usage: string,
  { summary, examples, more }: CommandHelp,
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  sluice ${line.padEnd(width)}   ${what}`);
  const help = [...(more === undefined ? [] : [more]), ["Examples:", ...lines].join("\n"), exitCodesHelp()];
  return parent
    .command(usage)
    .description(summary)
    .addHelpText("after", `\n${help.join("\n\n")}`);
}

export interface JsonOption {
  readonly json?: boolean;
}

export function addJsonOption(command: Command, what = "print JSON instead of a table"): Command {
  return command.option("--json", what);
}

export interface ServerOption {
  readonly url?: string;
}

/** For commands that take one run. */
export function addKeyOption(command: Command): Command {
  return command.option(
    "--flow <name>",
    "the run with the key that is given, of this flow; else its id is given",
  );
}

const URL_DEFAULT = "http://127.0.0.1:7070";

export function addServerOption(command: Command): Command {
  return command.option("--url <url>", `the server to ask (SLUICE_URL; default ${URL_DEFAULT})`, httpUrl);
}

/** The API of the server that was named, with the key of SLUICE_API_KEY. @throws CLI_BAD_ARGUMENT (invalid), also as `serverUrl` */
export function apiOf(flags: ServerOption, cli: Pick<Cli, "env">, signal?: AbortSignal): Api {
  const key = apiKey(cli);
  return createApi({ url: serverUrl(flags, cli), signal, ...(key === null ? {} : { key }) });
}

/** A file with a key often ends with a line break. Anything else that a header cannot carry is no key. */
function apiKey({ env }: Pick<Cli, "env">): string | null {
  const key = (env["SLUICE_API_KEY"] ?? "").trim();
  if (key === "") return null;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw cliError(
    "CLI_BAD_ARGUMENT",
    "SLUICE_API_KEY has a space, a line break or another character that no key has, expected one of `sluice keys create`: slk_…",
  );
}

/** @throws CLI_BAD_ARGUMENT (invalid) when SLUICE_URL is no URL */
export function serverUrl({ url }: ServerOption, { env }: Pick<Cli, "env">): string {
  const variable = env["SLUICE_URL"];
  if (url !== undefined) return url;
  if (variable === undefined || variable === "") return URL_DEFAULT;
  try {
    return httpUrl(variable);
  } catch (error) {
    throw cliError(
      "CLI_BAD_ARGUMENT",
      `SLUICE_URL is ${JSON.stringify(variable)}, expected a URL such as ${URL_DEFAULT}`,
      {
        cause: error,
      },
    );
  }
}
