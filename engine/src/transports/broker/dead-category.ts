import type { MessageFault } from "@sluice/contracts/broker-message";
import type { DeadMessageCategory } from "../../core/dead-letter-queue.ts";

/** Why a command is a dead letter that was carried out and cannot be answered. */
export const NO_REPLY_QUEUE = "no-reply-queue";
/** Why a message is one that the broker itself took out of its queue. */
export const DELIVERIES_EXHAUSTED = "deliveries-exhausted";

const UNREADABLE: Readonly<Record<MessageFault, true>> = {
  "too-large": true,
  "not-json": true,
  "no-key": true,
  "no-id": true,
  "bad-shape": true,
  "unknown-content-type": true,
};

export function categoryOf(reason: string): DeadMessageCategory {
  if (Object.hasOwn(UNREADABLE, reason)) return "unreadable";
  if (reason === NO_REPLY_QUEUE) return "unanswerable";
  if (reason === DELIVERIES_EXHAUSTED) return "exhausted";
  return reason.startsWith("FLOW_") ? "refused" : "other";
}
