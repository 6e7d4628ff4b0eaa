import type { Json } from "@sluice/contracts/envelope";
import { unkeepable } from "./decision.ts";
import { engineError } from "./errors.ts";
import { copyJson } from "./json-copy.ts";

/**
 * What a handler returned, as the event that it answers with: a copy of what JSON can hold. Whether it is one that the flow takes is judged by
 * the run's rules; here only that it is an event at all.
 * @throws FLOW_BAD_ANSWER (bug)
 */
export function toAnswerEvent(
  command: string,
  answer: unknown,
): { readonly type: string; readonly data: Json } {
  const { type, data } = Object(answer) as { readonly type?: unknown; readonly data?: unknown };
  if (typeof type !== "string") {
    throw engineError(
      "FLOW_BAD_ANSWER",
      `the handler of ${command} returned something that is no event, expected { type, data } with data of JSON, or null`,
    );
  }
  const { copy, fault } = copyJson(data as Json);
  if (fault !== null)
    throw engineError("FLOW_BAD_ANSWER", unkeepable(`the ${type} that answered ${command}`, fault));
  return { type, data: copy };
}
