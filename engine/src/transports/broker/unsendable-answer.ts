import { decodeCommand, encodeReply } from "@sluice/contracts/broker-message";
import type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";

/**
 * What the engine is told in place of an answer that will never fit, since it waits for one: FLOW_BAD_ANSWER. Null for what is no command,
 * which nobody waits for.
 */
export function refuseAnswer(delivery: ReceivedMessage, why: string): BrokerMessage | null {
  const decoded = decodeCommand(delivery, { bodyBytesMax: Number.MAX_SAFE_INTEGER });
  if ("fault" in decoded) return null;
  const { runId, commandId, attempt } = decoded.command;
  const error = { code: "FLOW_BAD_ANSWER", kind: "bug", message: why } as const;
  return encodeReply({ kind: "failure", runId, commandId, attempt, error });
}
