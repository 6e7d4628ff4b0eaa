/** The architecture, second half: what a place may not say, and what to say instead. Comments and messages count, patterns do not. */

export interface BannedWord {
  readonly where: RegExp;
  readonly word: RegExp;
  readonly instead: string;
  /** `code`: comments and texts may say it. */
  readonly in?: "code";
}

const EVERYWHERE = /(?:)/;
const NOT_COMPAT = /^(?!.*\.compat\.)/;
const CORE = /^engine\/src\/core\/(?!.*\.test\.ts$)/;
const TESTS = /\.test\.ts$/;
const SHIPPED = /^(?!tools\/)(?!.*\.test\.ts$)/;

export const WORDS: readonly BannedWord[] = [
  // Time, randomness and the world are parameters of the rules.
  {
    where: CORE,
    in: "code",
    word: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\./,
    instead: "take `nowMs` as a parameter",
  },
  { where: CORE, in: "code", word: /\bMath\.random\b|\bcrypto\./, instead: "take `random` as a parameter" },
  {
    where: CORE,
    in: "code",
    word: /\bset(?:Timeout|Interval|Immediate)\b/,
    instead: "answer a timer; the runtime sets it",
  },
  {
    where: CORE,
    in: "code",
    word: /\bprocess\.|\bfetch\(/,
    instead: "keep the world out of the rules: a port, or a parameter",
  },

  // Who reads the environment, who prints.
  {
    where: /\/src\/(?!.*(?:\bmain|\.test)\.ts$)(?!(?:.*\/)?fixtures\/)/,
    in: "code",
    word: /\bprocess\.env\b/,
    instead: "take options; only main.ts, tests and fixtures read the environment",
  },
  {
    where: /^(?!cli\/|tools\/|examples\/)/,
    in: "code",
    word: /\bconsole\./,
    instead: "log with the host's log; only cli, tools and examples print",
  },

  // One word for one thing, and one spelling.
  {
    where: NOT_COMPAT,
    word: /\bcancell(?:ed|ing)\b/i,
    instead: "canceled, canceling (names of others live in *.compat.ts)",
  },
  { where: NOT_COMPAT, word: /\bsagas?\b/i, instead: "run, or flow (names of others live in *.compat.ts)" },
  { where: NOT_COMPAT, word: /\bworkflows?\b/i, instead: "flow, or run" },
  { where: NOT_COMPAT, word: /\b(?:run|flow)[ -]?instances?\b/i, instead: "run" },
  {
    where: NOT_COMPAT,
    word: /\b(?:run|flow|lane|command|order|ticket|payment)Status\b/i,
    instead: "state (status is HTTP's)",
  },
  { where: NOT_COMPAT, word: /\bshards?\b/i, instead: "lane" },
  { where: NOT_COMPAT, word: /\bfencing[ -]?tokens?\b/i, instead: "epoch" },
  { where: NOT_COMPAT, word: /\bleaders?(?:hip)?\b/i, instead: "owner" },
  { where: NOT_COMPAT, word: /\bpoison[ -]?messages?\b|\berror[ -]queues?\b/i, instead: "dead letter" },
  { where: NOT_COMPAT, word: /\bdedupe[ _-]?table\b/i, instead: "inbox" },
  { where: NOT_COMPAT, word: /\bretry[ -]?(?:count|number)\b/i, instead: "attempt, counted from 1" },
  {
    where: SHIPPED,
    in: "code",
    word: /\b(?:type|interface|class) (?:I[A-Z][a-z]\w*|\w+Info)\b/,
    instead: "a noun without prefix or Info: `Run`",
  },

  // Things that wait for nobody.
  {
    where: EVERYWHERE,
    word: /\bFIXME\b|\bXXX\b/,
    instead: "mend it, or open an issue and give its number: TODO(#12)",
  },
  {
    where: EVERYWHERE,
    word: /\bTODO\b(?!\s?\(?#\d+)/,
    instead: "do it, or give the number of its issue: TODO(#12)",
  },
  {
    where: EVERYWHERE,
    word: /@ts-(?:ignore|nocheck)\b/,
    instead: "@ts-expect-error with its reason, or the right type",
  },
  {
    where: EVERYWHERE,
    word: /\b(?:ox|es)lint-disable\S*(?!.*--\s*\S)/,
    instead: "mend it, or give the reason behind --",
  },

  // Doors are read like a table of contents.
  { where: EVERYWHERE, in: "code", word: /\bexport default\b|\bas default\b/, instead: "export it by name" },
  { where: EVERYWHERE, in: "code", word: /\bexport \*(?! as\b)/, instead: "name what is exported" },

  // Tests wait for conditions, and all of them run.
  {
    where: TESTS,
    in: "code",
    // A loop that looks again is a wait for a condition.
    word: /(?<!\b(?:for|while) \([^]{0,300})(?:\bawait (?:delay|sleep|pause|setTimeout)\(|\bnew Promise(?:<\w+>)?\(\(?\w*\)? => (?:void )?setTimeout\()/,
    instead: "wait for a condition, with a bound",
  },
  {
    where: TESTS,
    in: "code",
    word: /\b(?:test|it|describe|suite)\.only\(|\bonly: true\b/,
    instead: "let all tests run",
  },
];

/** Names that say nothing about what a file or folder holds. */
export const BANNED_FILE_NAMES: BannedWord = {
  where: EVERYWHERE,
  word: /(?:^|\/)(?:utils?|helpers?|misc|common|shared|types|interfaces|classes|constants|enums)(?:\.[cm]?[jt]s$|\/)/,
  instead: "name it after the concept it holds",
};
