/**
 * The option pattern of every room: option > environment > configuration file > default > refusal to start.
 * All faults of a room, and with `resolveRooms` those of all rooms, are raised as one error, before the first connection is opened.
 */
import { readFileSync } from "node:fs";
import { hasCode } from "@sluice/contracts/problem";
import { hostError } from "./errors.ts";
import {
  Expected,
  parseBoolean,
  parseDurationMs,
  parseText,
  parseUrl,
  parseWholeNumber,
  parseWord,
} from "./options-values.ts";
import type { NumberRule, Rule, TextRule, UrlRule } from "./options-values.ts";
import type { Env } from "./options-variables.ts";

export type { NumberRule, Rule, TextRule, UrlRule } from "./options-values.ts";
export { listenTo, unreadVariables } from "./options-variables.ts";
export type { Env, HeardEnv, UnreadVariable } from "./options-variables.ts";

export interface OptionSource<Options extends object> {
  /** The room whose options these are: `http` makes `port` the variable `SLUICE_HTTP_PORT`. */
  readonly room: string;
  readonly options: Options;
  readonly env: Env;
  /** The room's section of a configuration file. */
  readonly file?: Readonly<Record<string, unknown>> | undefined;
}

type Read<Value, R> = R extends { readonly optional: true } ? Value | undefined : Value;

/** The typed readers. `name` is the option in camelCase; each reader notes a fault instead of throwing. */
export interface OptionReader<Options extends object> {
  text<R extends TextRule>(name: keyof Options & string, rule: R): Read<string, R>;
  wholeNumber<R extends NumberRule>(name: keyof Options & string, rule: R): Read<number, R>;
  /** Milliseconds, as a number or as a text with a unit: `250`, `250ms`, `30s`, `5m`, `2h`. */
  durationMs<R extends NumberRule>(name: keyof Options & string, rule: R): Read<number, R>;
  boolean<R extends Rule<boolean>>(name: keyof Options & string, rule: R): Read<boolean, R>;
  oneOf<Word extends string, R extends Rule<Word>>(
    name: keyof Options & string,
    words: readonly Word[],
    rule: R,
  ): Read<Word, R>;
  url<R extends UrlRule>(name: keyof Options & string, rule: R): Read<string, R>;
}

interface Found {
  readonly value: unknown;
  /** Where it was found, for the message. */
  readonly from: string;
}

/** One thing that is wrong. `fields.faults` of HOST_BAD_OPTION lists them. */
export interface OptionFault {
  readonly room: string;
  readonly option: string;
  /** What was found and what was expected: `http: port is 0 (from SLUICE_HTTP_PORT), expected a whole number of at least 1`. */
  readonly problem: string;
  /** What sets it in the environment. */
  readonly variable: string;
}

/**
 * Resolves the options of a room: calls `resolve` with typed readers and freezes its answer.
 * @throws HOST_BAD_OPTION (invalid) that lists every fault, with what was found, what was expected and where to set it
 */
export function resolveOptions<Options extends object, Resolved extends object>(
  source: OptionSource<Options>,
  resolve: (read: OptionReader<Options>) => Resolved,
): Readonly<Resolved> {
  const faults: OptionFault[] = [];
  let resolved: Resolved | undefined;
  try {
    resolved = resolve(readerOf(source, faults));
  } catch (error) {
    // A resolver that trips over a value already found wrong has nothing to add.
    if (faults.length === 0) throw error;
  }
  if (faults.length > 0 || resolved === undefined) throw badOptions(faults);
  return Object.freeze(resolved);
}

/** How options are spelled on the command line: `{ "http.port": "--port" }`. A message then names the flag. */
export type OptionFlags = Readonly<Record<string, string>>;

/**
 * Resolves several rooms, so that somebody who has made three mistakes in two rooms is told all three.
 * Each member is called once; the answer has what they returned, frozen.
 * @throws HOST_BAD_OPTION (invalid) that lists every fault of every room; whatever else a member throws, at once
 */
export function resolveRooms<Rooms extends Readonly<Record<string, () => unknown>>>(
  rooms: Rooms,
  flags: OptionFlags = {},
): { readonly [Room in keyof Rooms]: ReturnType<Rooms[Room]> } {
  const faults: OptionFault[] = [];
  const resolved = Object.entries(rooms).map(([name, resolve]) => {
    try {
      return [name, resolve()] as const;
    } catch (error) {
      faults.push(...faultsOf(error));
      return [name, undefined] as const;
    }
  });
  if (faults.length > 0) throw badOptions(faults, flags);
  return Object.freeze(Object.fromEntries(resolved)) as {
    readonly [Room in keyof Rooms]: ReturnType<Rooms[Room]>;
  };
}

/** The refusal of options with these faults: HOST_BAD_OPTION (invalid), one line each. */
export function badOptions(faults: readonly OptionFault[], flags: OptionFlags = {}): Error {
  const lines = faults.map((fault) => `${fault.problem}; ${whereToSet(fault, flags)}`);
  return hostError("HOST_BAD_OPTION", lines.join("\n"), { fields: { faults } });
}

function whereToSet({ room, option, variable }: OptionFault, flags: OptionFlags): string {
  const flag = flags[`${room}.${option}`];
  return flag === undefined
    ? `set the option ${option} or the variable ${variable}`
    : `set ${flag} or the variable ${variable}`;
}

function faultsOf(error: unknown): readonly OptionFault[] {
  const { fields } = Object(error) as { readonly fields?: { readonly faults?: readonly OptionFault[] } };
  if (!hasCode(error, "HOST_BAD_OPTION") || fields?.faults === undefined) throw error;
  return fields.faults;
}

/** The variable of an option: `variableOf("http", "bodyBytesMax")` is `SLUICE_HTTP_BODY_BYTES_MAX`. */
export function variableOf(room: string, option: string): string {
  return `SLUICE_${screaming(room)}_${screaming(option)}`;
}

/** The variable that is the default of each room's option of that name: `sharedVariableOf("stopMs")` is `SLUICE_STOP_MS`. */
export function sharedVariableOf(option: string): string {
  return `SLUICE_${screaming(option)}`;
}

function screaming(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toUpperCase();
}

function readerOf<Options extends object>(
  source: OptionSource<Options>,
  faults: OptionFault[],
): OptionReader<Options> {
  // Each reader's return type follows from its rule: a value, or `undefined` where the rule says optional.
  const read = <Value>(
    name: string,
    rule: Rule<Value>,
    parse: (value: unknown) => Value | Expected,
  ): never => {
    const refuse = (found: string, expected: string): never => {
      const variable = rule.variable ?? variableOf(source.room, name);
      faults.push({
        room: source.room,
        option: name,
        problem: `${source.room}: ${name} is ${found}, expected ${expected}`,
        variable: rule.secret === true ? `${variable} (or ${variable}_FILE)` : variable,
      });
      return undefined as never;
    };
    let found: Found | undefined;
    try {
      found = find(source, name, rule);
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error), "one readable value");
    }
    if (found === undefined) {
      if (rule.default !== undefined) return rule.default as never;
      if (rule.optional === true) return undefined as never;
      return refuse("not set", "a value");
    }
    const parsed = parse(found.value);
    if (!(parsed instanceof Expected)) return parsed as never;
    const shown = rule.secret === true ? "a value that is not shown" : show(found.value);
    return refuse(`${shown} (${found.from})`, parsed.text);
  };
  return {
    text: (name, rule) => read(name, rule, (value) => parseText(value, rule)),
    wholeNumber: (name, rule) => read(name, rule, (value) => parseWholeNumber(value, rule)),
    durationMs: (name, rule) => read(name, rule, (value) => parseDurationMs(value, rule)),
    boolean: (name, rule) => read(name, rule, parseBoolean),
    oneOf: (name, words, rule) => read(name, rule, (value) => parseWord(value, words)),
    url: (name, rule) => read(name, rule, (value) => parseUrl(value, rule)),
  };
}

function find(source: OptionSource<object>, name: string, rule: Rule<unknown>): Found | undefined {
  const option = valueIn(source.options, name);
  if (option !== undefined) return { value: option, from: "from the option" };
  const variables =
    rule.variable === undefined ? [variableOf(source.room, name), sharedVariableOf(name)] : [rule.variable];
  for (const variable of variables) {
    const found = findVariable(source.env, variable, rule.secret === true);
    if (found !== undefined) return found;
  }
  const configured = source.file === undefined ? undefined : valueIn(source.file, name);
  return configured === undefined ? undefined : { value: configured, from: "from the configuration file" };
}

function findVariable(env: Env, variable: string, isSecret: boolean): Found | undefined {
  const value = env[variable] === "" ? undefined : env[variable];
  const path = isSecret && env[`${variable}_FILE`] !== "" ? env[`${variable}_FILE`] : undefined;
  if (value !== undefined && path !== undefined) {
    throw new Error(`given twice (in ${variable} and in the file of ${variable}_FILE)`);
  }
  if (path !== undefined)
    return { value: readSecret(variable, path), from: `from the file of ${variable}_FILE` };
  return value === undefined ? undefined : { value, from: `from ${variable}` };
}

function readSecret(variable: string, path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`in a file that cannot be read (${variable}_FILE: ${reason})`, { cause: error });
  }
}

function valueIn(values: object, name: string): unknown {
  const value = Object.hasOwn(values, name) ? (values as Readonly<Record<string, unknown>>)[name] : undefined;
  return value === null ? undefined : value;
}

function show(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(hidePassword(value)) : String(value);
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

/** Long enough for a path or a URL, short enough for a line of a terminal. */
const SHOWN_CHARACTERS_MAX = 120;

function hidePassword(text: string): string {
  return text.replace(/(:\/*[^:@/\s]*):\S*@/, "$1:***@");
}
