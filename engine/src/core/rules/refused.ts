/** What was acknowledged before it could be judged, and is refused now that it is. */
import { changed, plain } from "../decision.ts";
import type { Decision, Rejection } from "../decision.ts";
import { kindOfCode } from "../errors.ts";
import type { EventInput, StartInput } from "../inputs.ts";
import type { Run } from "../run.ts";

/** The run stays as it is, and its history says why nothing came of the input, so that its sender and an operator find it. */
export function noteRefused(
  run: Run,
  input: Pick<EventInput, "kind" | "id" | "type"> | Pick<StartInput, "kind" | "startId">,
  { code, message }: Rejection,
  nowMs: number,
): Decision {
  const error = plain(code, kindOfCode(code), message);
  return changed(run, { kind: "refused", ...traceOf(input), error }, { outcome: "unexpected" }, nowMs);
}

function traceOf(input: Pick<EventInput, "kind" | "id" | "type"> | Pick<StartInput, "kind" | "startId">): {
  readonly type?: string;
  readonly eventId?: string;
} {
  if (input.kind === "event") return { type: input.type, eventId: input.id };
  return input.startId === null ? {} : { eventId: input.startId };
}
