/** How `sluice` ends. One table: every command answers with these, and `--help` prints them. */
import { isErrorKind } from "@sluice/contracts/problem";
import type { ErrorKind } from "@sluice/contracts/problem";

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code means, as `--help` says it. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "done, nothing found",
  failed: "it failed, was refused, or a check or an audit found something",
  usage: "wrong command, option or input",
  unreachable: "the server or the database does not answer, or asks to come back later",
  interrupted: "ended by Ctrl-C",
};

/** Which end each kind of error leads to. */
const EXIT_OF_KIND = {
  invalid: EXIT.usage,
  unauthenticated: EXIT.failed,
  forbidden: EXIT.failed,
  missing: EXIT.failed,
  conflict: EXIT.failed,
  overloaded: EXIT.unreachable,
  unavailable: EXIT.unreachable,
  timeout: EXIT.unreachable,
  bug: EXIT.failed,
} as const satisfies Record<ErrorKind, ExitCode>;

/** A name that no definition has is wrong input, as that of a state or an event is; a run that is not there may be there later. */
const WRONG_NAME = "FLOW_UNKNOWN_FLOW";

/** The exit code for an error; one without a kind is our own mistake. */
export function exitCodeOf(error: unknown): ExitCode {
  if (typeof error !== "object" || error === null) return EXIT.failed;
  if ("code" in error && error.code === "CLI_INTERRUPTED") return EXIT.interrupted;
  if ("code" in error && error.code === WRONG_NAME) return EXIT.usage;
  return "kind" in error && isErrorKind(error.kind) ? EXIT_OF_KIND[error.kind] : EXIT.failed;
}

/** The table as lines for `--help`. */
export function exitCodesHelp(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  const lines = names.map((name) => `  ${String(EXIT[name]).padEnd(4)} ${EXIT_MEANINGS[name]}`);
  return ["Exit codes:", ...lines].join("\n");
}
