/** The variables of a process, and those that are set and that nobody reads: mostly a name that was misspelled. */

/** The environment as a value: only a `main.ts` reads that of the process and hands it on. */
export type Env = Readonly<Record<string, string | undefined>>;

/** An environment that remembers which of its variables were asked for, set or not. */
export interface HeardEnv {
  readonly env: Env;
  readonly asked: ReadonlySet<string>;
}

/** Who copies the whole environment (`{ ...env }`) has asked for everything in it. */
export function listenTo(env: Env): HeardEnv {
  const asked = new Set<string>();
  const heard = new Proxy(env, {
    get(target, name) {
      if (typeof name !== "string") return undefined;
      asked.add(name);
      return target[name];
    },
  });
  return { env: heard, asked };
}

export interface UnreadVariable {
  readonly variable: string;
  /** The name that was meant, perhaps; null when none is near. */
  readonly meant: string | null;
}

/** The variables of ours (`SLUICE_…`) that are set and are none of the known ones. An empty variable counts as unset. */
export function unreadVariables(env: Env, known: ReadonlySet<string>): readonly UnreadVariable[] {
  return Object.keys(env)
    .filter((variable) => variable.startsWith("SLUICE_") && env[variable] !== "" && !known.has(variable))
    .map((variable) => ({ variable, meant: nearestName(variable, known) }));
}

/** The share of the letters after `SLUICE_` that may differ: with more of them everything is near to something. */
const DISTANCE_SHARE_MAX = 1 / 3;

function nearestName(name: string, known: Iterable<string>): string | null {
  let nearest: string | null = null;
  let nearestDistance = Math.floor((name.length - "SLUICE_".length) * DISTANCE_SHARE_MAX) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance >= nearestDistance) continue;
    nearest = candidate;
    nearestDistance = distance;
  }
  return nearest;
}

/** Letters to insert, delete or replace to get from one text to the other. @see Wagner and Fischer, 1974 */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = (row[j] ?? 0) + (letter === to[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
