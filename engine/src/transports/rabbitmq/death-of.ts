/** Why a message is a dead letter. Pure. */
import type { MessageProperties } from "amqplib";
import { DELIVERIES_EXHAUSTED } from "../broker/dead-category.ts";
import { DEAD_HEADERS } from "./dead-letter.ts";

export interface DeathCertificate {
  readonly reason: string;
  readonly error: string | null;
  readonly queue: string | null;
  readonly diedAt: string | null;
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
