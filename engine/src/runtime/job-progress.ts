import { FATES_MAX } from "../core/ports.ts";
import type { JobExample, JobFate, JobProgress } from "../core/ports.ts";

/** How many runs a job remembers by name, and how many for one and the same outcome. */
export const EXAMPLES_MAX = 100;
const EXAMPLES_ALIKE_MAX = 5;

/** How far a job is after one more page. */
export function addResults(
  progress: JobProgress,
  results: readonly JobExample[],
  cursor: string | null,
): JobProgress {
  const refused: Record<string, number> = { ...progress.refused };
  const examples: JobExample[] = [...progress.examples];
  let applied = progress.applied;
  for (const result of results) {
    if (result.code === null) applied++;
    else refused[result.code] = (refused[result.code] ?? 0) + 1;
    if (isTelling(result, examples)) examples.push(result);
  }
  const fates = progress.fates === undefined ? {} : { fates: addFates(progress.fates, results) };
  return { cursor, seen: progress.seen + results.length, applied, refused, examples, ...fates };
}

/** In the order in which they were met first. */
function addFates(before: readonly JobFate[], results: readonly JobExample[]): readonly JobFate[] {
  const fates = [...before];
  for (const { from, to, code } of results) {
    const at = fates.findIndex((fate) => fate.from === from && fate.to === to && fate.code === code);
    const known = fates[at];
    if (known !== undefined) fates[at] = { ...known, runs: known.runs + 1 };
    else if (fates.length < FATES_MAX) fates.push({ from, to, code, runs: 1 });
  }
  return fates;
}

/** A refusal, or what a dry run would change; and not one of which there are examples enough. */
function isTelling(result: JobExample, examples: readonly JobExample[]): boolean {
  if (result.code === null && result.to === null) return false;
  const alike = examples.filter(
    ({ code, from, to }) => code === result.code && from === result.from && to === result.to,
  );
  return examples.length < EXAMPLES_MAX && alike.length < EXAMPLES_ALIKE_MAX;
}
