/** Readiness: named checks with reasons. A process is ready when all its checks are, and never while it stops. */

/** `true`, or the reason why not. An error counts as its message, `false` as "not ready". */
export type ReadinessCheck = () => boolean | string | Promise<boolean | string>;

export interface CheckResult {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** Asks all checks at once; one that does not answer within `checkMs` is not ready. */
export async function checkReadiness(
  checks: ReadonlyMap<string, ReadinessCheck>,
  checkMs: number,
): Promise<Readiness> {
  const results = await Promise.all(
    [...checks].map(async ([name, check]) => [name, await ask(check, checkMs)] as const),
  );
  return { ready: results.every(([, result]) => result.ready), checks: Object.fromEntries(results) };
}

async function ask(check: ReadinessCheck, checkMs: number): Promise<CheckResult> {
  const timeout = Promise.withResolvers<string>();
  const timer = setTimeout(() => timeout.resolve(`no answer within ${checkMs} ms`), checkMs);
  try {
    const answer = await Promise.race([Promise.resolve(check()), timeout.promise]);
    if (answer === true) return { ready: true };
    return { ready: false, reason: answer === false ? "not ready" : answer };
  } catch (error) {
    return { ready: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Why not, as one line: `database: the database is away; lanes: 3 of 64 have no owner`. */
export function reasonsOf({ checks }: Readiness): string {
  return Object.entries(checks)
    .flatMap(([name, { reason }]) => (reason === undefined ? [] : [`${name}: ${reason}`]))
    .join("; ");
}
