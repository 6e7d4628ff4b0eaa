/** The command line: all commands under one name, and the one way an error becomes a line and an exit code. */
import { Command, CommanderError } from "commander";
import { messageOf } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import type { Run } from "./command.ts";
import { addAuditCommand } from "./commands/audit.ts";
import { addBenchCommand } from "./commands/bench.ts";
import { addCheckCommand } from "./commands/check.ts";
import { addFlowsCommands } from "./commands/flows.ts";
import { addRunsCommands } from "./commands/runs.ts";
import { addSendCommand } from "./commands/send.ts";
import { addStartCommand } from "./commands/start.ts";
import { addUpCommand } from "./commands/up.ts";
import { EXIT, exitCodeOf, exitCodesHelp } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { packageVersion } from "./package-version.ts";
import { createStyle, hasColors, tame } from "./style.ts";

/** Runs one command line, without the names of the program and of Node. Never throws: the answer is how the process ends. */
export async function runCli(args: readonly string[], cli: Cli): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const run: Run =
    (handler) =>
    async (...given) => {
      exitCode = await handler(cli, ...given);
    };
  try {
    await createProgram(cli, run).parseAsync(withListAsDefault(args), { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has printed its help, its version or its complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    cli.stderr.write(errorText(error, cli));
    return exitCodeOf(error);
  }
}

function createProgram(cli: Cli, run: Run): Command {
  const program = new Command("sluice")
    .description(
      "Durable business flows: typed state machines on Postgres that survive crashes and stampedes.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "sluice: ")),
      getOutHasColors: () => hasColors(cli.stdout.isTTY === true, cli.env),
      getErrHasColors: () => hasColors(cli.stderr.isTTY === true, cli.env),
    })
    .showHelpAfterError("See the same command with --help.")
    .addHelpText("after", `\n${exitCodesHelp()}`);
  addUpCommand(program, run);
  addCheckCommand(program, run);
  addStartCommand(program, run);
  addSendCommand(program, run);
  addRunsCommands(program, run);
  addFlowsCommands(program, run);
  addAuditCommand(program, run);
  addBenchCommand(program, run);
  return program;
}

const GROUPS: ReadonlySet<string | undefined> = new Set(["runs", "flows"]);

/**
 * `sluice flows` lists, as `sluice flows list` does. Not commander's default command: that one would take a misspelled
 * command for an argument of its own, and nobody would be told the right one.
 */
function withListAsDefault([group, next, ...rest]: readonly string[]): string[] {
  const args = [group, next, ...rest].filter((arg) => arg !== undefined);
  const isList = next === undefined || (next.startsWith("-") && next !== "--help" && next !== "-h");
  return group !== undefined && GROUPS.has(group) && isList ? [group, "list", ...args.slice(1)] : args;
}

/** One line per fault, with the code to look up. What carries no code is our own mistake, so its stack is shown. */
export function errorText(error: unknown, { stderr, env }: Pick<Cli, "stderr" | "env">): string {
  const style = createStyle(hasColors(stderr.isTTY === true, env));
  const name = style.bad("sluice:");
  const { code, kind, retryAfterMs } = Object(error) as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || kind === undefined) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    return `${name} a mistake of ours: ${stack}\n`;
  }
  if (code === "CLI_INTERRUPTED") return `${name} interrupted\n`;
  const lines = messageOf(error).split("\n").map(tame).join("\n  ");
  const wait = typeof retryAfterMs === "number" ? `; try again in ${Math.ceil(retryAfterMs / 1_000)} s` : "";
  return `${name} ${lines}${wait} ${style.dim(`(${code})`)}\n`;
}
