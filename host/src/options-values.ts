/** What an option may be, and values from whatever was found to what was asked for. */

/** What every reader takes besides its own limits. Without `default` and `optional`, an absent value is a refusal. */
export interface Rule<Value> {
  readonly default?: Value;
  readonly optional?: true;
  /** The value is never shown, and `SLUICE_<ROOM>_<OPTION>_FILE` may name a file that holds it. */
  readonly secret?: true;
  /** The one variable that sets it, where the usual two would name the wrong thing: `SLUICE_URL` is a server, not a database. */
  readonly variable?: string;
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

/** What a parser answers for a value it cannot take: what it expected instead. */
export class Expected {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export function parseText(value: unknown, rule: TextRule): string | Expected {
  const charactersMax = rule.charactersMax ?? Infinity;
  if (typeof value !== "string" || value === "") return new Expected("a text that is not empty");
  if (value.length > charactersMax) return new Expected(`at most ${charactersMax} characters`);
  if (rule.pattern !== undefined && !rule.pattern.test(value)) {
    return new Expected(`a text that matches ${rule.pattern.source}`);
  }
  return value;
}

export function parseWholeNumber(value: unknown, rule: NumberRule): number | Expected {
  const number = typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  const isFit = typeof number === "number" && Number.isSafeInteger(number) && isWithin(number, rule);
  return isFit ? number : new Expected(`a whole number${limits(rule, "")}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function parseDurationMs(value: unknown, rule: NumberRule): number | Expected {
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

export function parseBoolean(value: unknown): boolean | Expected {
  if (typeof value === "boolean") return value;
  const word = typeof value === "string" ? value.toLowerCase() : "";
  return (Object.hasOwn(BOOLEANS, word) ? BOOLEANS[word] : undefined) ?? new Expected("true or false");
}

export function parseWord<Word extends string>(value: unknown, words: readonly Word[]): Word | Expected {
  return words.find((word) => word === value) ?? new Expected(`one of ${words.join(", ")}`);
}

/**
 * A URL that everybody reads alike: `postgres:/user:password@host` is one too, but without user, password and host, and what was meant
 * for the server would be told to it as the name of a database.
 */
export function parseUrl(value: unknown, rule: UrlRule): string | Expected {
  const schemes = rule.schemes ?? [];
  const begins =
    schemes.length === 0 ? "" : ` that begins with ${schemes.map((s) => `${s}://`).join(" or ")}`;
  const expected = new Expected(`a URL${begins}`);
  if (typeof value !== "string" || !/^[a-z][a-z\d+.-]*:\/\//i.test(value) || !URL.canParse(value))
    return expected;
  const { protocol, host, username, password } = new URL(value);
  if (schemes.length > 0 && !schemes.includes(protocol.slice(0, -1))) return expected;
  if (namesSocket(host, value))
    return new Expected(
      "a URL with a host and a port: a unix socket cannot be named, so use its TCP address",
    );
  if (host === "") return new Expected("a URL with a host after its //");
  if (!isPercentEncoded(username + password))
    return new Expected("a URL with its user and password percent-encoded, a % itself as %25");
  return value;
}

/** As libpq lets a folder stand where a host would. */
function namesSocket(host: string, url: string): boolean {
  return /^%2f/i.test(host) || /[?&]host=(?:\/|%2f)/i.test(url);
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
