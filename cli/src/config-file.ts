/**
 * A file of options for processes that run for long, behind flags and environment: each of its values is the variable of that name where that
 * is not set. `http: { port: 8080 }` is `SLUICE_HTTP_PORT`, `logLevel: warn` is `SLUICE_LOG_LEVEL`, and what is under `env` has the name it has.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { sharedVariableOf, variableOf } from "@sluice/host/options";
import type { Env } from "@sluice/host/options";
import { parse } from "yaml";
import { messageOf } from "./arguments.ts";
import type { Cli } from "./cli.ts";
import { cliError } from "./errors.ts";

/** The program with the file's values in its environment. @throws CLI_BAD_CONFIG (invalid) that names every fault */
export async function withConfigFile(cli: Cli, file: string | undefined): Promise<Cli> {
  const path = file ?? cli.env["SLUICE_CONFIG"];
  if (path === undefined || path === "") return cli;
  const configured = await readConfigFile(resolve(cli.directory, path));
  const set = Object.entries(cli.env).filter(([, value]) => value !== undefined && value !== "");
  return { ...cli, env: { ...configured, ...Object.fromEntries(set) } };
}

/** Larger ones are no options. */
const FILE_BYTES_MAX = 1_048_576;

async function readConfigFile(path: string): Promise<Env> {
  const values = await parseFile(path);
  if (!isSection(values))
    throw bad(path, [`holds ${show(values)}, expected sections such as http: { port: 8080 }`]);
  const faults: string[] = [];
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const members = isSection(value) ? Object.entries(value) : [[null, value] as const];
    for (const [member, each] of members) {
      const place = member === null ? name : `${name}.${member}`;
      if (isScalar(each)) variables[nameOf(name, member)] = String(each);
      else if (each !== null)
        faults.push(`${place} is ${show(each)}, expected a text, a number, true or false`);
    }
  }
  if (faults.length > 0) throw bad(path, faults);
  return variables;
}

async function parseFile(path: string): Promise<unknown> {
  try {
    const text = await readFile(path, "utf8");
    if (text.length > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
    // JSON is YAML, too.
    return parse(text) as unknown;
  } catch (error) {
    throw bad(path, [`cannot be read: ${messageOf(error)}`]);
  }
}

function nameOf(section: string, member: string | null): string {
  if (member === null) return sharedVariableOf(section);
  return section === "env" ? member : variableOf(section, member);
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

/** What a value is, not what it says: it may be secret. */
function show(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a section" : `a ${typeof value}`;
}

function bad(path: string, faults: readonly string[]): Error {
  return cliError("CLI_BAD_CONFIG", faults.map((fault) => `${path}: ${fault}`).join("\n"));
}
