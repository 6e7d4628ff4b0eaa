/** Parsers of arguments and options for commander. Each refuses with what it expected. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isJsonObject } from "@sluice/contracts/envelope";
import type { JsonObject } from "@sluice/contracts/envelope";
import { InvalidArgumentError } from "commander";
import type { Cli } from "./cli.ts";
import { cliError } from "./errors.ts";

/** A whole number within limits. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time with its unit, as whole milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const ms = Math.round(Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ""] ?? Number.NaN));
  if (Number.isSafeInteger(ms)) return ms;
  throw new InvalidArgumentError("Expected a number and a unit, such as 500ms, 30s, 15m, 24h or 7d.");
}

/** A point in time: ISO 8601, or a length of time that lies back so far from `nowMs`. The answer is ISO 8601. */
export function instant(text: string, nowMs: number): string {
  const isLength = /^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(text);
  const ms = isLength
    ? nowMs - durationMs(text)
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (!Number.isNaN(ms) && Math.abs(ms) <= 8.64e15) return new Date(ms).toISOString();
  throw new InvalidArgumentError(
    "Expected a time such as 2030-01-31T12:00:00Z, or how long ago, such as 15m.",
  );
}

export function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, "");
  throw new InvalidArgumentError("Expected a URL such as http://127.0.0.1:7070.");
}

/** Longest input that is read from a file or from standard input; the server's own limits are lower. */
const INPUT_BYTES_MAX = 67_108_864;

/**
 * The JSON object behind `--data`: the text itself, `@FILE`, or `-` for standard input.
 * @throws CLI_BAD_ARGUMENT (invalid) that says where the text stops being JSON, or what else than an object was found
 */
export async function readData(source: string, cli: Pick<Cli, "directory" | "stdin">): Promise<JsonObject> {
  const text = await readSource(source, cli);
  const value = parse(text, source);
  if (isJsonObject(value)) return value;
  const found = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  throw bad(`--data is ${found}, expected a JSON object such as {"amount":12}`);
}

async function readSource(
  source: string,
  { directory, stdin }: Pick<Cli, "directory" | "stdin">,
): Promise<string> {
  if (source === "-") return readAll(stdin);
  if (!source.startsWith("@")) return source;
  const path = resolve(directory, source.slice(1));
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw bad(`--data names the file ${path}, which cannot be read (${messageOf(error)})`, error);
  }
}

async function readAll(stdin: Cli["stdin"]): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stdin) {
    const buffer = typeof part === "string" ? Buffer.from(part) : part;
    bytes += buffer.length;
    if (bytes > INPUT_BYTES_MAX)
      throw bad(`standard input has more than ${INPUT_BYTES_MAX} bytes, expected less`);
    parts.push(buffer);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parse(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const where = source === "-" ? "standard input" : source.startsWith("@") ? source.slice(1) : "--data";
    throw bad(`${where} is no JSON (${messageOf(error)}), expected an object such as {"amount":12}`, error);
  }
}

function bad(message: string, cause?: unknown): Error {
  return cliError("CLI_BAD_ARGUMENT", message, cause === undefined ? {} : { cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
