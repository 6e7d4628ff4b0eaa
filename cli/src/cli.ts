/** What a command gets from the process it runs in, as values: so a test runs a command like `main.ts` does. */
import type { Env } from "@sluice/host/options";
import { cliError } from "./errors.ts";
import { createStyle, hasColors } from "./style.ts";
import type { Style } from "./style.ts";

/** One of the standard outputs. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface Cli {
  readonly env: Env;
  /** Where relative paths start. */
  readonly directory: string;
  readonly stdin: AsyncIterable<Buffer | string> & { readonly isTTY?: boolean | undefined };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by Ctrl-C. A command that asks for it has to end by itself then; one that does not is ended by the system. */
  interruption(): AbortSignal;
  /**
   * For a command that runs code of others, which may end the process or wait for ever: if the process ends before the answer is called, it says
   * so and fails.
   */
  expectToFinish(unfinished: () => string): () => void;
}

/** Paints for standard output. */
export function styleOf({ stdout, env }: Pick<Cli, "stdout" | "env">): Style {
  return createStyle(hasColors(stdout.isTTY === true, env));
}

/** A value as `--json` prints it: indented, with a line feed at the end. */
export function printJson({ stdout }: Pick<Cli, "stdout">, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** A value on one line, for output that goes on and on. */
export function printJsonLine({ stdout }: Pick<Cli, "stdout">, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}

/** @throws CLI_INTERRUPTED (conflict) once Ctrl-C was pressed */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

export function interrupted(): Error {
  return cliError("CLI_INTERRUPTED", "interrupted");
}
