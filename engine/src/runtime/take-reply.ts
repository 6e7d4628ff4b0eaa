import type { TraceContext } from "@sluice/contracts/broker-message";
import type { ReplyMessage } from "@sluice/contracts/envelope";
import type { Answer, Rejection } from "../core/decision.ts";
import { hasCode } from "../core/errors.ts";
import { replyInput } from "../core/inputs.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { TakenReply } from "../core/ports.ts";
import { isRunId } from "../core/run-id.ts";
import { isUnserved } from "./batch-plan.ts";

interface ReplyPorts {
  submit(input: LaneInput): Promise<Answer>;
  /** Keeps it in the durable inbox until somebody can decide it. */
  keep(input: LaneInput): Promise<void>;
  /** The rules, or the store, will never take it in, and its sender does not wait to hear so. */
  refused(input: LaneInput, answer: Answer): void;
}

/** Resolves when the source may forget the reply: it is stored, or it never will be. Rejects when the source must bring it again. */
export async function takeReply(
  ports: ReplyPorts,
  reply: ReplyMessage,
  trace?: TraceContext,
): Promise<TakenReply> {
  const input = replyInput(reply, trace);
  const answer = isRunId(input.runId) ? await ports.submit(input).catch(refusalOf) : NO_SUCH_RUN;
  if (answer.outcome === "stale") return { outcome: "stale" };
  if (answer.outcome !== "rejected") return { outcome: "taken" };
  const { code, message } = answer.error;
  if (isUnserved(answer)) {
    // Its source would keep all that comes behind it waiting until that version is served again.
    await ports.keep(input);
    return { outcome: "taken" };
  }
  ports.refused(input, answer);
  return { outcome: "refused", code, message };
}

/** What no batch can store would come back for ever: it is refused. Whatever else fails may go well the next time. */
function refusalOf(error: unknown): Answer {
  if (!hasCode(error, "FLOW_UNEXPECTED")) throw error;
  return rejected({ code: "FLOW_UNEXPECTED", message: (error as Error).message });
}

const NO_SUCH_RUN = rejected({
  code: "FLOW_UNKNOWN_RUN",
  message: "the id of the run is no UUID in lower case, as those of runs are",
});

function rejected(error: Rejection): Answer {
  return { outcome: "rejected", error };
}
