/** Taking dead letters in again, and sending commands again that an operator gives new attempts. */
import type { Context, Decision } from "../decision.ts";
import { changed, unchanged } from "../decision.ts";
import type { LaneInput, RedriveInput, SettledInput } from "../inputs.ts";
import { withCommand } from "../run.ts";
import type { PendingCommand, Run } from "../run.ts";
import { settle } from "./commands.ts";
import { takeEvent } from "./events.ts";
import { queueBehind } from "./park.ts";
import type { Trace } from "./park.ts";

/** One dead letter of a run that goes on. Behind one that parked the run again the others are dead letters again, in their order. */
export function redrive(context: Context, run: Run, { version, input }: RedriveInput): Decision {
  const decision =
    run.parked === null ? takeAgain(context, run, input) : queueBehind(context, run, input, traceOf(input));
  return decision.entry === null ? decision : { ...decision, entry: { ...decision.entry, letter: version } };
}

function takeAgain(context: Context, run: Run, input: LaneInput): Decision {
  switch (input.kind) {
    case "event":
      return takeEvent(context, run, input, input.type, input.data, traceOf(input));
    case "settled":
      return input.settlement.type === "failed"
        ? sendOnceMore(context, run, input)
        : settle(context, run, input);
    case "timer": // Set again with the run, and due: it fires by itself.
    case "start":
    case "operation":
    case "redrive":
      return unchanged({ outcome: "stale" });
  }
}

/** Its event id stays with the entry that took the event in first. */
function traceOf(input: LaneInput): Trace {
  if (input.kind === "event") return { type: input.type, data: input.data };
  return input.kind === "settled" ? { commandId: input.commandId, attempt: input.attempt } : {};
}

function sendOnceMore(context: Context, run: Run, input: SettledInput): Decision {
  const command = run.commands.find(({ id }) => id === input.commandId);
  if (command === undefined) return unchanged({ outcome: "stale" });
  const sending = withNewAttempts(command);
  const trace: Trace = { type: command.type, commandId: command.id, attempt: sending.attempt };
  return changed(
    withCommand(run, sending),
    { ...trace, kind: "retried" },
    { outcome: "applied" },
    context.nowMs,
    [sending],
  );
}

/** The command as if it had not been tried yet. Its attempts go on counting, so that a late word about an old one is known as such. */
export function withNewAttempts(command: PendingCommand): PendingCommand {
  const attempt = command.phase === "waiting" ? command.attempt : command.attempt + 1;
  return { ...command, attempt, attemptsForgiven: attempt - 1, phase: "sending" };
}
