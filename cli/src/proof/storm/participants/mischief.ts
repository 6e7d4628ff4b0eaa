/** How one attempt of a command goes wrong, if it does. Another attempt of the same command may go well. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandMessage } from "@sluice/contracts/envelope";
import { errorsOf } from "@sluice/contracts/problem";
import { Random } from "@sluice/engine/random-flows";

const mischiefError = errorsOf({
  PROOF_AWAY: "unavailable",
  PROOF_REFUSED: "invalid",
  PROOF_ANSWER_LOST: "timeout",
});

export interface Mischief {
  readonly thinkMs: number;
  /** Nothing has happened: nobody is there, or it is refused for good. */
  readonly before: Error | null;
  /** It has happened, and nobody hears of it. */
  readonly after: Error | null;
}

const SLOW_RATE = 0.1;
const SLOW_MS_MAX = 250;
const AWAY_RATE = 0.05;
const REFUSED_RATE = 0.01;
const ANSWER_LOST_RATE = 0.06;

export function mischiefOf(
  seed: number,
  { commandId, attempt, type }: Pick<CommandMessage, "commandId" | "attempt" | "type">,
): Mischief {
  const random = new Random(seed).fork(`mischief ${commandId} ${attempt}`);
  const name = `attempt ${attempt} of ${type}`;
  const isRefused = random.chance(REFUSED_RATE);
  const isAway = random.chance(AWAY_RATE);
  const isLost = random.chance(ANSWER_LOST_RATE);
  return {
    thinkMs: random.chance(SLOW_RATE) ? random.whole(1, SLOW_MS_MAX) : 0,
    before: isRefused
      ? mischiefError("PROOF_REFUSED", `${name} is refused`)
      : isAway
        ? mischiefError("PROOF_AWAY", `nobody is there for ${name}`)
        : null,
    after: isLost ? mischiefError("PROOF_ANSWER_LOST", `the answer to ${name} was lost`) : null,
  };
}

/** Carries an attempt out as badly as it has to. @throws what the mischief says */
export async function misbehave<T>(
  seed: number,
  command: CommandMessage,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const { thinkMs, before, after } = mischiefOf(seed, command);
  if (thinkMs > 0) await sleep(thinkMs, undefined, { signal });
  if (before !== null) throw before;
  const done = await work();
  if (after !== null) throw after;
  return done;
}
