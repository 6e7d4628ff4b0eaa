/** Why a message is a dead letter. Pure. */
import type { MessageProperties } from "amqplib";
import type { MessageFault } from "@sluice/contracts/broker-message";
import { DEAD_HEADERS, NO_REPLY_QUEUE } from "./dead-letter.ts";

/**
 * `unreadable`: no message of ours; a repeat is as bad · `refused`: the engine can never take it in, as things stand · `unanswerable`: carried
 * out, and the queue for its answer is missing · `exhausted`: whoever read it died or let go of it, too often · `other`: a service's own reason.
 */
export type DeadLetterCategory = "unreadable" | "refused" | "unanswerable" | "exhausted" | "other";

export interface DeathCertificate {
  readonly reason: string;
  readonly error: string | null;
  readonly queue: string | null;
  readonly diedAt: string | null;
}

/** The reason of a message that the broker itself took out of its queue. */
export const DELIVERIES_EXHAUSTED = "deliveries-exhausted";

const UNREADABLE: Readonly<Record<MessageFault, true>> = {
  "too-large": true,
  "not-json": true,
  "no-key": true,
  "no-id": true,
  "bad-shape": true,
  "unknown-content-type": true,
};

export function categoryOf(reason: string): DeadLetterCategory {
  if (Object.hasOwn(UNREADABLE, reason)) return "unreadable";
  if (reason === NO_REPLY_QUEUE) return "unanswerable";
  if (reason === DELIVERIES_EXHAUSTED) return "exhausted";
  return reason.startsWith("FLOW_") ? "refused" : "other";
}

export function deathOf({ headers }: Pick<MessageProperties, "headers">): DeathCertificate {
  const known = (headers ?? {}) as Record<string, unknown>;
  const reason = textOf(known[DEAD_HEADERS.reason]);
  if (reason === null) return deathByBroker(known["x-death"]);
  return {
    reason,
    error: textOf(known[DEAD_HEADERS.text]),
    queue: textOf(known[DEAD_HEADERS.queue]),
    diedAt: textOf(known[DEAD_HEADERS.at]),
  };
}

/** The first is the latest. @see https://www.rabbitmq.com/docs/dlx#effects */
function deathByBroker(deaths: unknown): DeathCertificate {
  const [latest] = Array.isArray(deaths) ? (deaths as unknown[]) : [];
  if (typeof latest !== "object" || latest === null)
    return { reason: "unknown", error: "it was put there by hand", queue: null, diedAt: null };
  const { queue, reason, time } = latest as { queue?: unknown; reason?: unknown; time?: { value?: unknown } };
  const isExhausted = reason === "delivery_limit";
  const seconds = time?.value;
  return {
    reason: isExhausted ? DELIVERIES_EXHAUSTED : String(reason),
    error: isExhausted ? "it was delivered too often without being acknowledged (deliveriesMax)" : null,
    queue: textOf(queue),
    diedAt: typeof seconds === "number" ? new Date(seconds * 1_000).toISOString() : null,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
