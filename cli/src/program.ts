/** The command line: all commands under one name, and the one way an error becomes a line and an exit code. */
import { Command, CommanderError } from "commander";
import type { Cli } from "./cli.ts";
import type { Run } from "./command.ts";
import { addAuditCommand } from "./commands/audit.ts";
import { addBenchCommand } from "./commands/bench.ts";
import { addCheckCommand } from "./commands/check.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addEngineCommand } from "./commands/engine.ts";
import { addDeadLettersCommands } from "./commands/dead-letters.ts";
import { addFlowsCommands } from "./commands/flows.ts";
import { addJobsCommands } from "./commands/jobs.ts";
import { addMigrateCommand } from "./commands/migrate.ts";
import { addKeysCommands } from "./commands/keys.ts";
import { addPauseCommands } from "./commands/pauses.ts";
import { addProofCommand } from "./commands/proof.ts";
import { addQueuesCommands } from "./commands/queues.ts";
import { addRunsCommands } from "./commands/runs.ts";
import { addSendCommand } from "./commands/send.ts";
import { addServiceCommand } from "./commands/service.ts";
import { addStackCommands } from "./commands/stack.ts";
import { addStartCommand } from "./commands/start.ts";
import { addUpCommand } from "./commands/up.ts";
import { errorJson, errorText } from "./error-text.ts";
import { cliError } from "./errors.ts";
import { EXIT, exitCodeOf, exitCodesHelp } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { packageVersion } from "./package-version.ts";
import { hasColors, tame } from "./style.ts";

/** Runs one command line, without the names of the program and of Node. Never throws: the answer is how the process ends. */
export async function runCli(args: readonly string[], cli: Cli): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const run: Run =
    (handler) =>
    async (...given) => {
      exitCode = await handler(cli, ...given);
    };
  const isJson = asksForJson(args);
  try {
    await createProgram(cli, run, isJson).parseAsync(withListAsDefault(args), { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      // For people Commander has printed its complaint, or the help, already.
      if (isJson) cli.stderr.write(errorJson(toUsageError(error)));
      return EXIT.usage;
    }
    cli.stderr.write(isJson ? errorJson(error) : errorText(error, cli));
    return exitCodeOf(error);
  }
}

/** Looked for here, because an error may come before the options are read: it may be about them. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes("--json");
}

function toUsageError({ message }: CommanderError): Error {
  return cliError("CLI_BAD_ARGUMENT", complaintOf(message).replace(/^error: /, ""));
}

/** Longest value that is shown to whoever typed it. */
const SHOWN_CHARS_MAX = 80;

/** Commander repeats a value as it came. It may be long, and it must not steer the terminal. */
function complaintOf(text: string): string {
  const shown = text.replace(/(?<= argument ')[^]*(?=' is invalid)/, (value) =>
    value.length > SHOWN_CHARS_MAX ? `${value.slice(0, SHOWN_CHARS_MAX)}…` : value,
  );
  return shown.split("\n").map(tame).join("\n");
}

function createProgram(cli: Cli, run: Run, isJson: boolean): Command {
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
      // A program that asked for JSON gets the complaint as such, once it is caught.
      writeErr: (text) => (isJson ? undefined : cli.stderr.write(text)),
      outputError: (text, write) => write(complaintOf(text).replace(/^error: /, "sluice: ")),
      getOutHasColors: () => hasColors(cli.stdout.isTTY === true, cli.env),
      getErrHasColors: () => hasColors(cli.stderr.isTTY === true, cli.env),
    })
    .showHelpAfterError("See the same command with --help.")
    .addHelpText("after", `\n${exitCodesHelp()}`);
  addUpCommand(program, run);
  addEngineCommand(program, run);
  addServiceCommand(program, run);
  addCheckCommand(program, run);
  addStartCommand(program, run);
  addSendCommand(program, run);
  addRunsCommands(program, run);
  addDeadLettersCommands(program, run);
  addQueuesCommands(program, run);
  addMigrateCommand(program, run);
  addPauseCommands(program, run);
  addJobsCommands(program, run);
  addKeysCommands(program, run);
  addFlowsCommands(program, run);
  addAuditCommand(program, run);
  addBenchCommand(program, run);
  addStackCommands(program, run);
  addProofCommand(program, run);
  addCompletionCommand(program, run);
  return program;
}

const GROUPS: ReadonlySet<string | undefined> = new Set([
  "runs",
  "flows",
  "dead-letters",
  "queues",
  "jobs",
  "keys",
]);

/**
 * `sluice flows` lists, as `sluice flows list` does. Not commander's default command: that one would take a misspelled
 * command for an argument of its own, and nobody would be told the right one.
 */
function withListAsDefault([group, next, ...rest]: readonly string[]): string[] {
  const args = [group, next, ...rest].filter((arg) => arg !== undefined);
  const isList = next === undefined || (next.startsWith("-") && next !== "--help" && next !== "-h");
  return group !== undefined && GROUPS.has(group) && isList ? [group, "list", ...args.slice(1)] : args;
}
