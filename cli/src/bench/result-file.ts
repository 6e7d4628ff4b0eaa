/** A former result, from the file that `--json` was kept in. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "../arguments.ts";
import { cliError } from "../errors.ts";
import { RESULT_FORMAT, RESULT_KIND } from "./result.ts";
import type { BenchResult } from "./result.ts";

/** What a benchmark prints, and how it is told from what others print. */
export interface ResultForm<Result extends object> {
  readonly kind: string;
  /** What has printed it: `sluice bench engine`. */
  readonly command: string;
  /** Whether a value of that kind and of our format has what we read of it. */
  readonly isWhole: (value: object) => value is Result;
}

export const ENGINE_FORM: ResultForm<BenchResult> = {
  kind: RESULT_KIND,
  command: "sluice bench engine",
  isWhole: (value): value is BenchResult =>
    "rows" in value && Array.isArray(value.rows) && "conditions" in value && value.conditions !== null,
};

/** @throws CLI_BAD_ARGUMENT (invalid) when it cannot be read, or is no result, or one of another format */
export async function readResult<Result extends object>(
  path: string,
  directory: string,
  form: ResultForm<Result>,
): Promise<Result> {
  const text = await readFile(resolve(directory, path), "utf8").catch((error: unknown) => {
    throw bad(`--compare names ${path}, which cannot be read (${messageOf(error)})`, error);
  });
  return parseResult(text, path, form);
}

export function parseResult<Result extends object>(
  text: string,
  path: string,
  { kind, command, isWhole }: ResultForm<Result>,
): Result {
  const how = `expected a file that \`${command} --json\` has printed`;
  let value: { readonly kind?: unknown; readonly format?: unknown } | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (error) {
    throw bad(`--compare names ${path}, which is no JSON (${messageOf(error)}), ${how}`, error);
  }
  if (value?.kind !== kind) throw bad(`--compare names ${path}, which is no result of a benchmark, ${how}`);
  if (value.format !== RESULT_FORMAT)
    throw bad(
      `--compare names ${path}, a result of format ${String(value.format)}, expected format ${RESULT_FORMAT}; measure again with the version of sluice that made it`,
    );
  if (!isWhole(value)) throw bad(`--compare names ${path}, which is no whole result, ${how}`);
  return value;
}

function bad(message: string, cause?: unknown): Error {
  return cliError("CLI_BAD_ARGUMENT", message, cause === undefined ? {} : { cause });
}
