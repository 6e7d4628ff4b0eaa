/**
 * The option pattern of every room: option > environment > configuration file > default > refusal to start.
 * All faults of a room are found in one pass and raised as one error, before its first connection is opened.
 */
import { readFileSync } from "node:fs";
import { hostError } from "./errors.ts";

/** The environment as a value: only a `main.ts` reads that of the process and hands it on. */
export type Env = Readonly<Record<string, string | undefined>>;

export interface OptionSource<Options extends object> {
  /** The room whose options these are: `http` makes `port` the variable `SLUICE_HTTP_PORT`. */
  readonly room: string;
  readonly options: Options;
  readonly env: Env;
  /** The room's section of a configuration file. */
  readonly file?: Readonly<Record<string, unknown>> | undefined;
}

/** What every reader takes besides its own limits. Without `default` and `optional`, an absent value is a refusal. */
export interface Rule<Value> {
  readonly default?: Value;
  readonly optional?: true;
  /** The value is never shown, and `SLUICE_<ROOM>_<OPTION>_FILE` may name a file that holds it. */
  readonly secret?: true;
}

export interface NumberRule extends Rule<number> {
  readonly min?: number;
  readonly max?: number;
}

export interface TextRule extends Rule<string> {
  readonly charactersMax?: number;
  readonly pattern?: RegExp;
}

export interface UrlRule extends Rule<string> {
  /** Schemes without colon, such as `["http", "https"]`. */
  readonly schemes?: readonly string[];
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

/** What a parser answers for a value it cannot take: what it expected instead. */
class Expected {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Resolves the options of a room: calls `resolve` with typed readers and freezes its answer.
 * @throws HOST_BAD_OPTION (invalid) that lists every fault, with what was found, what was expected and where to set it
 */
export function resolveOptions<Options extends object, Resolved extends object>(
  source: OptionSource<Options>,
  resolve: (read: OptionReader<Options>) => Resolved,
): Readonly<Resolved> {
  const faults: string[] = [];
  let resolved: Resolved | undefined;
  try {
    resolved = resolve(readerOf(source, faults));
  } catch (error) {
    // A resolver that trips over a value already found wrong has nothing to add.
    if (faults.length === 0) throw error;
  }
  if (faults.length > 0 || resolved === undefined) {
    throw hostError("HOST_BAD_OPTION", faults.join("\n"), { fields: { room: source.room, faults } });
  }
  return Object.freeze(resolved);
}

/** The variable of an option: `variableOf("http", "bodyBytesMax")` is `SLUICE_HTTP_BODY_BYTES_MAX`. */
export function variableOf(room: string, option: string): string {
  return `SLUICE_${screaming(room)}_${screaming(option)}`;
}

function screaming(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toUpperCase();
}

function readerOf<Options extends object>(
  source: OptionSource<Options>,
  faults: string[],
): OptionReader<Options> {
  // Each reader's return type follows from its rule: a value, or `undefined` where the rule says optional.
  const read = <Value>(
    name: string,
    rule: Rule<Value>,
    parse: (value: unknown) => Value | Expected,
  ): never => {
    const refuse = (found: string, expected: string): never => {
      faults.push(
        `${source.room}: ${name} is ${found}, expected ${expected}; ${whereToSet(source.room, name, rule)}`,
      );
      return undefined as never;
    };
    let found: Found | undefined;
    try {
      found = find(source, name, rule.secret === true);
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

function whereToSet(room: string, name: string, rule: Rule<unknown>): string {
  const variable = variableOf(room, name);
  const file = rule.secret === true ? ` (or ${variable}_FILE)` : "";
  return `set the option ${name} or the variable ${variable}${file}`;
}

function find(source: OptionSource<object>, name: string, isSecret: boolean): Found | undefined {
  const option = valueIn(source.options, name);
  if (option !== undefined) return { value: option, from: "from the option" };
  // A name without a room is the default of each room's: SLUICE_LOG_LEVEL serves every room's logLevel.
  for (const variable of [variableOf(source.room, name), `SLUICE_${screaming(name)}`]) {
    const found = findVariable(source.env, variable, isSecret);
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
  return text.replace(/(:\/\/[^:@/\s]*):[^/\s]*@/, "$1:***@");
}

function parseText(value: unknown, rule: TextRule): string | Expected {
  const charactersMax = rule.charactersMax ?? Infinity;
  if (typeof value !== "string" || value === "") return new Expected("a text that is not empty");
  if (value.length > charactersMax) return new Expected(`at most ${charactersMax} characters`);
  if (rule.pattern !== undefined && !rule.pattern.test(value)) {
    return new Expected(`a text that matches ${rule.pattern.source}`);
  }
  return value;
}

function parseWholeNumber(value: unknown, rule: NumberRule): number | Expected {
  const number = typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  const isFit = typeof number === "number" && Number.isSafeInteger(number) && isWithin(number, rule);
  return isFit ? number : new Expected(`a whole number${limits(rule, "")}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseDurationMs(value: unknown, rule: NumberRule): number | Expected {
  const match = typeof value === "string" ? /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/.exec(value) : null;
  const number = match === null ? value : Number(match[1]) * (UNIT_MS[match[2] ?? "ms"] ?? 1);
  const isFit = typeof number === "number" && Number.isSafeInteger(number) && isWithin(number, rule);
  return isFit ? number : new Expected(`a duration such as 250ms, 30s or 5m${limits(rule, "ms")}`);
}

function isWithin(number: number, { min = -Infinity, max = Infinity }: NumberRule): boolean {
  return number >= min && number <= max;
}

function limits({ min, max }: NumberRule, unit: string): string {
  if (min !== undefined && max !== undefined) return ` from ${min}${unit} to ${max}${unit}`;
  if (min !== undefined) return ` of at least ${min}${unit}`;
  return max === undefined ? "" : ` of at most ${max}${unit}`;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

function parseBoolean(value: unknown): boolean | Expected {
  if (typeof value === "boolean") return value;
  const word = typeof value === "string" ? value.toLowerCase() : "";
  return (Object.hasOwn(BOOLEANS, word) ? BOOLEANS[word] : undefined) ?? new Expected("true or false");
}

function parseWord<Word extends string>(value: unknown, words: readonly Word[]): Word | Expected {
  return words.find((word) => word === value) ?? new Expected(`one of ${words.join(", ")}`);
}

function parseUrl(value: unknown, rule: UrlRule): string | Expected {
  const schemes = rule.schemes ?? [];
  const expected =
    schemes.length === 0 ? "a URL" : `a URL that begins with ${schemes.map((s) => `${s}://`).join(" or ")}`;
  if (typeof value !== "string" || !URL.canParse(value)) return new Expected(expected);
  const scheme = new URL(value).protocol.slice(0, -1);
  return schemes.length === 0 || schemes.includes(scheme) ? value : new Expected(expected);
}
