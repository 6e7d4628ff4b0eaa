/**
 * What a participant says to a command, decided by the seed and the command's id alone. So every process says the same to every attempt,
 * and the oracle knows what was said without asking anybody.
 */
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { FAN_PREFIX, Random, UNDO_PREFIX } from "@sluice/engine/random-flows";

export interface Reply {
  /** What answers the command; null for a query that has nothing to report. */
  readonly event: EventMessage | null;
  /** Not null: the answer comes later, as this event. */
  readonly late: { readonly event: EventMessage; readonly lateMs: number } | null;
}

type Asked = Pick<CommandMessage, "commandId" | "type">;

const QUERY_PREFIX = "Ask";
/** Commands of the pulse and of the purchase, which are always answered well and at once. */
const ALWAYS_WELL: ReadonlySet<string> = new Set(
  ["Count", "Reserve", "Charge", "Ship"].flatMap((type) => [type, `${UNDO_PREFIX}${type}`]),
);

const NO_NEWS_RATE = 0.5;
const REFUSED_RATE = 0.2;
const BAD_DATA_RATE = 0.03;
const LATE_RATE = 0.15;
const LATE_MS_MAX = 400;
const NAMED_RATE = 0.5;

export function replyTo(seed: number, { commandId, type }: Asked): Reply {
  const random = new Random(seed).fork(`reply ${commandId}`);
  const isQuery = type.startsWith(QUERY_PREFIX);
  const hasNoNews = isQuery && random.chance(NO_NEWS_RATE);
  const isWell = ALWAYS_WELL.has(type);
  const isRefused = !type.startsWith(UNDO_PREFIX) && !isWell && random.chance(REFUSED_RATE);
  const data = { n: random.whole(0, 9), ...(random.chance(BAD_DATA_RATE) ? { isBad: true } : {}) };
  const event = { type: `${type}${isRefused ? "Refused" : "Done"}`, data };
  const isLate = !isQuery && !isWell && random.chance(LATE_RATE);
  // Of several alike an answer that comes later has to say which of them it is for.
  const isNamed = type.startsWith(FAN_PREFIX) || random.chance(NAMED_RATE);
  const late = { id: lateEventId(commandId), ...event, ...(isNamed ? { commandId } : {}) };
  return {
    event: hasNoNews ? null : event,
    late: isLate ? { event: late, lateMs: random.whole(0, LATE_MS_MAX) } : null,
  };
}

/** By this id an answer that comes later is known, however often it comes. */
export function lateEventId(commandId: string): string {
  return `late:${commandId}`;
}
