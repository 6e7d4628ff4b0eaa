import type { Json } from "@sluice/contracts/envelope";
import type { LaneInput } from "./inputs.ts";

/** What a number, a truth value, a comma and the quotes and colon of a member take, about. */
const SMALL_BYTES = 8;

/**
 * How large a value is as JSON, about: enough to keep a queue or a batch within its limit without serialising anything. Texts count their
 * characters; counting ends above `bytesMax`, so that a huge value costs no more than the limit.
 */
export function roughBytes(value: Json, bytesMax = Number.POSITIVE_INFINITY): number {
  let bytes = 0;
  const waiting: unknown[] = [value];
  for (let next = waiting.pop(); bytes <= bytesMax; next = waiting.pop()) {
    bytes += SMALL_BYTES;
    if (typeof next === "string") bytes += next.length;
    else if (typeof next === "object" && next !== null) {
      for (const [key, member] of Object.entries(next)) {
        bytes += key.length;
        waiting.push(member);
      }
    }
    if (waiting.length === 0) break;
  }
  return bytes;
}

/** How much of a queue or a batch an input takes, about. */
export function roughInputBytes(input: LaneInput): number {
  if (input.kind === "start" || input.kind === "event") return roughBytes(input.data);
  const isAnswer = input.kind === "settled" && input.settlement.type === "answered";
  return isAnswer ? roughBytes(input.settlement.event.data) : 0;
}
