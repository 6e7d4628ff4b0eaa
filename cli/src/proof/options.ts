/** What `sluice proof` is asked to do, made complete. */
import { randomInt } from "node:crypto";
import type { JsonOption } from "../command.ts";
import { cliError } from "../errors.ts";
import type { Act } from "./act.ts";
import { ACTS } from "./acts.ts";

export interface ProofOptions extends JsonOption {
  readonly acts?: readonly string[];
  readonly seed?: number;
  /** How long all acts may take together. @default 120, or as long as it takes when `faults` or `effects` is given */
  readonly seconds?: number;
  /** Go on until each kind of fault has come so often. */
  readonly faults?: number;
  /** Go on until so many effects were counted. */
  readonly effects?: number;
  /** @default 2 */
  readonly engines?: number;
  /** Keep the files of what was proved, too. */
  readonly keep?: boolean;
}

export interface ResolvedProofOptions {
  readonly acts: readonly Act[];
  readonly seed: number;
  /** Infinite when only the counts decide. */
  readonly seconds: number;
  readonly faults: number | null;
  readonly effects: number | null;
  readonly engines: number;
  readonly isKept: boolean;
}

export const SEED_MAX = 2 ** 31 - 1;
const SECONDS_DEFAULT = 120;
const ENGINES_DEFAULT = 2;

/** @throws CLI_BAD_ARGUMENT (invalid) for an act that there is not */
export function resolveProofOptions(options: ProofOptions): ResolvedProofOptions {
  const { faults = null, effects = null } = options;
  const hasEnd = faults !== null || effects !== null;
  return Object.freeze({
    acts: options.acts === undefined ? ACTS : options.acts.map(requireAct),
    seed: options.seed ?? randomInt(SEED_MAX),
    seconds: options.seconds ?? (hasEnd ? Number.POSITIVE_INFINITY : SECONDS_DEFAULT),
    faults,
    effects,
    engines: options.engines ?? ENGINES_DEFAULT,
    isKept: options.keep === true,
  });
}

function requireAct(name: string): Act {
  const act = ACTS.find((each) => each.name === name);
  if (act !== undefined) return act;
  const known = ACTS.map((each) => each.name).join(", ");
  throw cliError("CLI_BAD_ARGUMENT", `--acts names ${JSON.stringify(name)}, expected some of: ${known}`);
}
