import { changed, reject, rejectFaults, rejectUnkeepable, unchanged } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import { bodyDigest, digest, isBodyDigest } from "../digest.ts";
import { toPlainError } from "../errors.ts";
import type { StartInput } from "../inputs.ts";
import { copyJson } from "../json-copy.ts";
import type { Run } from "../run.ts";
import { armTimer, bytesAbove, enter, requireState, tooLarge } from "./enter.ts";
import { passJoins } from "./follow.ts";

export function start(context: Context, input: StartInput): Decision {
  const { copy: data, fault } = copyJson(input.data);
  if (fault !== null) return rejectUnkeepable("FLOW_BAD_DATA", "the data of a run", fault);
  const faults = context.flow.validateData(data);
  if (faults !== null)
    return rejectFaults("FLOW_BAD_DATA", `the data of a run of ${context.flow.name}`, faults);
  const dataText = JSON.stringify(data);
  const bytes = bytesAbove(context.limits.dataBytesMax, dataText);
  if (bytes !== null) return reject("FLOW_DATA_TOO_LARGE", tooLarge(bytes, context.limits.dataBytesMax));
  const state = requireState(context.flow, context.flow.initial);
  const empty: Run = {
    runId: input.runId,
    flow: input.flow,
    flowVersion: input.flowVersion,
    key: input.key,
    lane: input.lane,
    version: 0,
    state: state.name,
    businessState: state.businessState,
    outcome: null,
    parked: null,
    data,
    dataText,
    commands: [],
    timers: [],
    timerCount: 0,
    steps: [],
    compensation: null,
    parent: input.parent ?? null,
    startId: input.startId,
    // Without an id of its caller's only our own repetitions meet it, which are the same to the letter.
    startDigest: input.startId === null ? digest(dataText) : bodyDigest(data),
    createdAtMs: context.nowMs,
    enteredAtMs: context.nowMs,
    updatedAtMs: context.nowMs,
  };
  const begun = input.trace === undefined ? empty : { ...empty, trace: input.trace };
  try {
    const limit = armTimer(begun, context.flow.deadline, "flow-deadline", context.nowMs);
    const entered = passJoins(context, enter(context, limit, state, 1, true));
    return changed(
      entered.run,
      { kind: "started", data },
      { outcome: "started" },
      context.nowMs,
      entered.send,
    );
  } catch (error) {
    const fault = toPlainError(error, "FLOW_RULE_FAILED");
    return reject(
      "FLOW_BAD_DATA",
      `the first state ${state.name} cannot be entered with this data: ${fault.message}`,
    );
  }
}

export function startAgain(run: Run, input: StartInput): Decision {
  const { copy: data, fault } = copyJson(input.data);
  if (fault !== null) return rejectUnkeepable("FLOW_BAD_DATA", "the data of a run", fault);
  const sameBody = isBodyDigest(run.startDigest, data);
  if (run.startId !== null && run.startId === input.startId) {
    if (sameBody) return unchanged({ outcome: "existing", version: 1, isRepeat: true });
    return reject(
      "FLOW_IDEMPOTENCY_CONFLICT",
      "this idempotency key started a run with other data; use a new key for a new run",
      {
        runId: run.runId,
      },
    );
  }
  // An input of ours that comes again, because nobody knew whether its commit had happened, has no key but the same id.
  if (run.startId === null && input.startId === null && input.key === null && sameBody) {
    return unchanged({ outcome: "existing", version: 1, isRepeat: true });
  }
  return reject(
    "FLOW_RUN_EXISTS",
    `a run of ${run.flow} with key ${run.key ?? "(none)"} exists already; read it, or start with another key`,
    {
      runId: run.runId,
    },
  );
}
