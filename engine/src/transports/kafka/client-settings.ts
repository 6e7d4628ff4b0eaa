import type { BaseOptions } from "@platformatic/kafka";
import type { ResolvedKafkaOptions } from "./options.ts";

/** How long a connection may take to open. */
const CONNECT_MS = 5_000;

/**
 * What every client of a broker gets. `requestMs`: after how long without an answer a connection counts as broken. We repeat failed
 * requests ourselves unless `retries` says otherwise: the client counts repeats, we bound the time.
 */
export function clientSettings(
  { brokers, clientId, tls, sasl }: ResolvedKafkaOptions,
  requestMs: number,
): BaseOptions & { bootstrapBrokers: string[] } {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: Math.min(CONNECT_MS, requestMs),
    requestTimeout: requestMs,
    timeout: requestMs,
    retries: 0,
    ...(tls === null ? {} : { tls }),
    ...(sasl === null ? {} : { sasl }),
  };
}
