/** A former result, from the file that `--json` was kept in. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "../arguments.ts";
import { cliError } from "../errors.ts";
import { RESULT_FORMAT, RESULT_KIND } from "./result.ts";
import type { BenchResult } from "./result.ts";

const HOW = "expected a file that `sluice bench engine --json` has printed";

/** @throws CLI_BAD_ARGUMENT (invalid) when it cannot be read, or is no result, or one of another format */
export async function readResult(path: string, directory: string): Promise<BenchResult> {
  const text = await readFile(resolve(directory, path), "utf8").catch((error: unknown) => {
    throw bad(`--compare names ${path}, which cannot be read (${messageOf(error)})`, error);
  });
  return parseResult(text, path);
}

export function parseResult(text: string, path: string): BenchResult {
  let value: Partial<BenchResult> | null;
  try {
    value = JSON.parse(text) as Partial<BenchResult> | null;
  } catch (error) {
    throw bad(`--compare names ${path}, which is no JSON (${messageOf(error)}), ${HOW}`, error);
  }
  if (value?.kind !== RESULT_KIND || !Array.isArray(value.rows) || value.conditions === undefined)
    throw bad(`--compare names ${path}, which is no result of a benchmark, ${HOW}`);
  if (value.format !== RESULT_FORMAT)
    throw bad(
      `--compare names ${path}, a result of format ${String(value.format)}, expected format ${RESULT_FORMAT}; measure again with the version of sluice that made it`,
    );
  return value as BenchResult;
}

function bad(message: string, cause?: unknown): Error {
  return cliError("CLI_BAD_ARGUMENT", message, cause === undefined ? {} : { cause });
}
