/** What `sluice proof` is asked to do, made complete. */
import { randomInt } from "node:crypto";
import type { JsonOption } from "../command.ts";
import { cliError } from "../errors.ts";
import type { Act } from "./act.ts";
import { ACTS, BROKERS, BROKER_ACTS } from "./acts.ts";
import type { BrokerKind } from "./distributed/broker-address.ts";

export interface ProofOptions extends JsonOption {
  /** By name. An act around a broker is named with it, or without: then it is played around each. @default those that need no broker */
  readonly acts?: readonly string[];
  /** The broker of acts that are named without one. @default each */
  readonly transport?: BrokerKind;
  /** How long a broker stays out of reach. @default 60 */
  readonly outageSeconds?: number;
  /** Kinds of faults, by name: only these come, and only acts in which some of them come are played. */
  readonly kinds?: readonly string[];
  readonly seed?: number;
  /** How long all acts may take together. @default 120, or as long as it takes when `faults` or `effects` is given */
  readonly seconds?: number;
  /** Go on until each kind of fault has come so often. */
  readonly faults?: number;
  /** Go on until so many effects were counted. */
  readonly effects?: number;
  /** @default 2 */
  readonly engines?: number;
  /** How many callers come in a second. @default 6, 9 or 12, as the seed of a round has it */
  readonly callers?: number;
  /** Rounds that are played at the same time. @default 1 */
  readonly atOnce?: number;
  /** A file in which each round is noted, and from which the proof goes on where it is there already. @default none */
  readonly journal?: string;
  /** Keep the files of what was proved, too. */
  readonly keep?: boolean;
}

export interface ResolvedProofOptions {
  readonly acts: readonly Act[];
  /** Null: all. */
  readonly kinds: ReadonlySet<string> | null;
  readonly seed: number;
  /** Infinite when only the counts decide. */
  readonly seconds: number;
  readonly faults: number | null;
  readonly effects: number | null;
  readonly engines: number;
  /** In a second; null: as each round's seed has it. */
  readonly callers: number | null;
  readonly outageMs: number;
  readonly atOnce: number;
  readonly journal: string | null;
  readonly isKept: boolean;
}

export const SEED_MAX = 2 ** 31 - 1;
const SECONDS_DEFAULT = 120;
const ENGINES_DEFAULT = 2;
const OUTAGE_SECONDS_DEFAULT = 60;
const AT_ONCE_DEFAULT = 1;

/** @throws CLI_BAD_ARGUMENT (invalid) for an act that there is not, and for a kind of faults that comes in none of the acts */
export function resolveProofOptions(options: ProofOptions): ResolvedProofOptions {
  const { faults = null, effects = null } = options;
  const hasEnd = faults !== null || effects !== null;
  const acts = options.acts === undefined ? ACTS : options.acts.flatMap((name) => requireActs(name, options));
  const kinds = options.kinds === undefined ? null : requireKinds(options.kinds, acts);
  return Object.freeze({
    acts: kinds === null ? acts : acts.filter((act) => act.kinds.some((kind) => kinds.has(kind))),
    kinds,
    seed: options.seed ?? randomInt(SEED_MAX),
    seconds: options.seconds ?? (hasEnd ? Number.POSITIVE_INFINITY : SECONDS_DEFAULT),
    faults,
    effects,
    engines: options.engines ?? ENGINES_DEFAULT,
    callers: options.callers ?? null,
    outageMs: (options.outageSeconds ?? OUTAGE_SECONDS_DEFAULT) * 1_000,
    atOnce: options.atOnce ?? AT_ONCE_DEFAULT,
    journal: options.journal ?? null,
    isKept: options.keep === true,
  });
}

function requireActs(name: string, { transport }: Pick<ProofOptions, "transport">): readonly Act[] {
  const all = [...ACTS, ...BROKER_ACTS];
  const names = [
    name,
    ...BROKERS.filter((each) => each === (transport ?? each)).map((each) => `${name}-${each}`),
  ];
  const acts = all.filter((each) => names.includes(each.name));
  if (acts.length > 0) return acts;
  const known = all.map((each) => each.name).join(", ");
  throw cliError("CLI_BAD_ARGUMENT", `--acts names ${JSON.stringify(name)}, expected some of: ${known}`);
}

function requireKinds(names: readonly string[], acts: readonly Act[]): ReadonlySet<string> {
  const known = acts.flatMap(({ kinds }) => kinds);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return new Set(names);
  throw cliError(
    "CLI_BAD_ARGUMENT",
    `--kinds names ${JSON.stringify(unknown)}, expected some of: ${known.join(", ")}`,
  );
}
