/**
 * What a trace tells of runs: a span for each transition once it is committed, and one for the whole run when it ends.
 * S1  All spans of a run are part of the trace in which it was started; that trace is stored with the run, so nothing is lost with a process.
 * S2  What brings an input from another trace (a request of somebody else, a batch that served many runs) is linked, and is no parent.
 */
import { traceIdOf } from "@sluice/contracts/broker-message";
import type { TraceContext } from "@sluice/contracts/broker-message";
import type { Answer } from "../core/decision.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { SpanAttributes, Tracer } from "../core/ports.ts";
import type { Run } from "../core/run.ts";
import type { Note } from "./batch-work.ts";
import type { OutboxItem } from "./queue-item.ts";

/** A batch that is committed, as far as spans tell of it. */
interface TracedBatch {
  readonly notes: readonly Note[];
  readonly tookMs: number;
  /** Of the batch, by the store's clock. */
  readonly nowMs: number;
}

/** Traces what a batch has done to runs. Answers, by run, what its commands are part of: its last transition. */
export function traceNotes(tracer: Tracer, batch: TracedBatch): ReadonlyMap<string, TraceContext> {
  const last = new Map<string, TraceContext>();
  for (const note of batch.notes) {
    const { run } = note;
    const context = traceNote(tracer, note, batch.tookMs);
    if (context !== undefined) last.set(run.runId, context);
    if (run.outcome !== null && note.before?.outcome == null) traceRun(tracer, run, batch.nowMs);
  }
  return last;
}

/** The commands of a batch as parts of the transitions that have issued them. */
export function withTraces(
  outbox: readonly OutboxItem[],
  contexts: ReadonlyMap<string, TraceContext>,
): readonly OutboxItem[] {
  return outbox.map((item) => ({
    ...item,
    due: { ...item.due, trace: contexts.get(item.due.runId) ?? item.due.trace },
  }));
}

function traceNote(tracer: Tracer, note: Note, tookMs: number): TraceContext | undefined {
  const { before, run, error } = note;
  const cause = causeOf(note.input);
  const isWithin = cause !== undefined && (run.trace === undefined || isSameTrace(cause, run.trace));
  const parent = isWithin ? cause : run.trace;
  if (parent === undefined) return undefined;
  const from = before?.state;
  const span = tracer.begin({
    name: from === run.state ? `${run.flow} ${from}` : `${run.flow} ${from ?? "start"} → ${run.state}`,
    kind: "internal",
    parent,
    links: isWithin || cause === undefined ? [] : [cause],
    attributes: attributesOf(note),
    agoMs: tookMs,
  });
  if (error !== null) span.fail(error.code, error.message);
  span.end();
  return span.context;
}

function traceRun(tracer: Tracer, run: Run, nowMs: number): void {
  if (run.trace === undefined) return;
  const span = tracer.begin({
    name: `run ${run.flow}`,
    kind: "internal",
    parent: run.trace,
    attributes: {
      ...aboutRun(run),
      "sluice.run.version": run.version,
      "sluice.run.outcome": run.outcome ?? "",
    },
    agoMs: Math.max(0, nowMs - run.createdAtMs),
  });
  span.end();
}

function attributesOf({ before, run, entry }: Note): SpanAttributes {
  return {
    ...aboutRun(run),
    "sluice.run.version": entry.version,
    "sluice.entry.kind": entry.kind,
    "sluice.entry.type": entry.type,
    "sluice.state.from": before?.state,
    "sluice.state.to": run.state,
    "sluice.command.id": entry.commandId,
    "sluice.command.attempt": entry.attempt,
    "sluice.run.outcome": run.outcome ?? undefined,
    "sluice.run.parked": run.parked ?? undefined,
  };
}

/** What every span of a run says. */
export function aboutRun(run: Pick<Run, "runId" | "flow" | "flowVersion">): SpanAttributes {
  return { "sluice.flow": run.flow, "sluice.flow.version": run.flowVersion, "sluice.run.id": run.runId };
}

function causeOf(input: LaneInput): TraceContext | undefined {
  if (input.kind === "redrive") return causeOf(input.input);
  return input.kind === "timer" ? undefined : input.trace;
}

function isSameTrace(one: TraceContext, other: TraceContext): boolean {
  return traceIdOf(one) === traceIdOf(other);
}

/** Submits an input as part of the span in which the caller runs; a start that nobody traces begins a trace. */
export async function submitTraced(
  tracer: Tracer,
  input: LaneInput,
  submit: (input: LaneInput) => Promise<Answer>,
): Promise<Answer> {
  if (input.kind === "timer" || input.kind === "redrive" || input.trace !== undefined) return submit(input);
  const active = tracer.active();
  if (active !== undefined) return submit({ ...input, trace: active });
  if (input.kind !== "start") return submit(input);
  const span = tracer.begin({ name: `start ${input.flow}`, kind: "internal", attributes: aboutRun(input) });
  try {
    const { context } = span;
    return await span.run(() => submit(context === undefined ? input : { ...input, trace: context }));
  } finally {
    span.end();
  }
}
