/**
 * What a proof has played so far, in a file: a proof that takes hours can be ended at any time and goes on where it was. A line of JSON for
 * what the proof is of, and one for each round. Rounds that broke a promise are noted as well: going on does not make them undone.
 */
import { appendFile, readFile, truncate } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { cliError } from "../errors.ts";
import type { RoundResult } from "./rounds.ts";

export interface Journal {
  /** With which the proof was begun. */
  readonly seed: number;
  /** What is noted of an act, by the number of the round. */
  roundsOf(act: string): ReadonlyMap<number, RoundResult>;
  note(act: string, nth: number, result: RoundResult): Promise<void>;
}

/** What all rounds of one proof have in common. */
export interface ProofSetting {
  /** Tells one state of the source from another. */
  readonly source: string;
  readonly engines: number;
  readonly callers: number | null;
  readonly outageMs: number;
  readonly kinds: readonly string[] | null;
}

interface RoundLine {
  readonly act: string;
  readonly nth: number;
  readonly result: RoundResult;
}

/** Of a proof that nobody will go on with. */
export function noJournal(seed: number): Journal {
  return { seed, roundsOf: () => new Map(), note: () => Promise.resolve() };
}

/**
 * The journal in this file, which is begun with a seed where there is none.
 * @throws CLI_BAD_ARGUMENT (invalid) for a file that is no journal, or one of another proof
 */
export async function openJournal(
  file: string,
  setting: ProofSetting,
  { seed, isSeedGiven }: { readonly seed: number; readonly isSeedGiven: boolean },
): Promise<Journal> {
  const [first, ...lines] = await readLines(file);
  const header = { ...setting, seed: isSeedGiven ? seed : (seedIn(first) ?? seed) };
  if (first === undefined) await appendLine(file, header);
  else requireSame(file, first, header);
  const rounds = Map.groupBy(lines.map(requireRound(file)), ({ act }) => act);
  return {
    seed: header.seed,
    roundsOf: (act) => new Map(rounds.get(act)?.map(({ nth, result }) => [nth, result])),
    note: (act, nth, result) => appendLine(file, { act, nth, result } satisfies RoundLine),
  };
}

async function appendLine(file: string, line: object): Promise<void> {
  await appendFile(file, `${JSON.stringify(line)}\n`);
}

/** None where there is no file. What a process that was killed has left half written at the end is taken away. */
async function readLines(file: string): Promise<readonly unknown[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw cliError("CLI_BAD_ARGUMENT", `--journal ${file} cannot be read: ${error.message}`);
  });
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole
    .split("\n")
    .slice(0, -1)
    .map((line, at) => parseLine(file, line, at + 1));
  if (lines.length === 0 && text !== "") throw noJournalIn(file, 1);
  if (whole.length < text.length) await truncate(file, Buffer.byteLength(whole));
  return lines;
}

function parseLine(file: string, line: string, nth: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw noJournalIn(file, nth);
  }
}

function requireRound(file: string): (line: unknown, at: number) => RoundLine {
  return (line, at) => {
    const { act, nth, result } = (line ?? {}) as Partial<RoundLine>;
    if (typeof act === "string" && typeof nth === "number" && Array.isArray(result?.breaches))
      return { act, nth, result };
    throw noJournalIn(file, at + 2);
  };
}

function noJournalIn(file: string, line: number): Error {
  return cliError(
    "CLI_BAD_ARGUMENT",
    `--journal ${file}: line ${line} is none of a journal, expected a file that sluice proof has begun, or no file yet`,
  );
}

function seedIn(first: unknown): number | null {
  const { seed } = (first ?? {}) as { readonly seed?: unknown };
  return typeof seed === "number" ? seed : null;
}

function requireSame(file: string, first: unknown, header: object): void {
  const found = (first ?? {}) as Readonly<Record<string, unknown>>;
  const other = Object.entries(header).find(([name, value]) => !isDeepStrictEqual(found[name], value));
  if (other === undefined) return;
  const [name, value] = other;
  throw cliError(
    "CLI_BAD_ARGUMENT",
    `--journal ${file} is of another proof: its ${name} is ${JSON.stringify(found[name])}, found ${JSON.stringify(value)}; ` +
      "say the same as when it was begun, or name another file",
  );
}
