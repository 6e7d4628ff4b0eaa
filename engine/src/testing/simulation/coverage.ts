/**
 * What has to happen in a simulation of many seeds. A kind that never occurs means that the simulation has gone blind there, so the
 * test fails on it instead of passing without having looked.
 */
export const COVERAGE_KINDS = [
  // The store and the processes.
  "call delayed",
  "call failed before",
  "call failed after",
  "commit unknown, applied",
  "commit unknown, not applied",
  "commit late",
  "crash before a call",
  "crash after a call",
  "crash at any time",
  "crash while frozen",
  "freeze before a call",
  "freeze after a call",
  "freeze at any time",
  "frozen past its lease",
  "database outage",
  "graceful restart",
  "takeover",
  "takeover of commands",
  "lane handed over",
  "commit fenced",
  "batch ended from outside",
  "start failed",
  // The wire between engines and from callers.
  "input forwarded",
  "forward refused",
  "moved lanes told",
  "forward lost",
  "caller refused",
  "caller reset",
  "caller timed out",
  "answer lost",
  // Callers.
  "start accepted",
  "start repeated",
  "start in conflict",
  "event accepted",
  "event repeated",
  "event in conflict",
  "event unexpected",
  "event after the end",
  "event invalid",
  "event queued",
  "event made too much data",
  "refused after it was accepted",
  "nothing happened",
  "overloaded",
  "waited for the end",
  // Operators.
  "operation repeated",
  "operation in conflict",
  "operation accepted",
  "operation refused",
  "operation would strand",
  "operation with bad data",
  "migration refused",
  "job started",
  "job tried out",
  "operated by a job",
  "job stopped",
  "run scheduled",
  "missed run made up for",
  "missed run passed over",
  "run scheduled in another time zone",
  "run told its due time",
  "flow paused",
  "state paused",
  "command paused",
  "pause repeated late",
  // Participants.
  "handler threw",
  "handler hung",
  "handler came late",
  "handler answered undeclared",
  "handler answered wrong count",
  "handler answered bad data",
  "handler answered later",
  "handler group halved",
  "handler paused",
  "remote refused",
  "remote failed",
  "remote answer lost",
  "remote answered undeclared",
  "remote answered bad data",
  "remote answered too few",
  "remote delivered again",
  "remote answered later",
  "late answer named its command",
  "late answer came too late",
  "remote came late",
  "remote had no news",
  "local failed",
  "undo came first",
  "undo won against a late command",
  // Runs.
  "command tried again",
  "command gave up, handled",
  "command gave up, parked",
  "command refused, parked",
  "command withdrawn",
  "command left to the next batch",
  "rule failed, parked",
  "answer not taken, parked",
  "data too large, parked",
  "history full",
  "poll without news",
  "poll answered",
  "timer fired",
  "timer far away fired",
  "flow deadline fired",
  "run ended",
  // Steps and joins.
  "joined all",
  "joined any",
  "losers given up",
  "losers taken back",
  "compensated by an event",
  "compensated by a timer",
  "compensated and went on",
  "compensated and ended",
  "compensated, nothing to take back",
  "step undone",
  "step undone by an event",
  "step of an event undone",
  "event taken back late",
  "waiting event taken back",
  "undo tried again",
  "undo failed, parked",
  // Families.
  "child started",
  "grandchild started",
  "child left and canceled",
  "child left and kept",
  "end of a child taken",
  "end of a child queued",
  "end of a child not foreseen",
  // What operators did.
  "canceled",
  "canceled with compensation",
  "canceled while compensating",
  "canceled while parked",
  "retried",
  "redriven",
  "redriven by a retry",
  "redriven while compensating",
  "skipped",
  "undo skipped",
  "forced",
  "forced while compensating",
  "migrated",
  "migrated while compensating",
  "migrated while parked",
  "dead letter taken in",
  "dead letter sent again",
  "dead letter parked again",
  "dead letter queued again",
] as const;

export type CoverageKind = (typeof COVERAGE_KINDS)[number];

/** How often each kind of thing has happened. */
export class Coverage {
  readonly #counts = new Map<CoverageKind, number>(COVERAGE_KINDS.map((kind) => [kind, 0]));

  count(kind: CoverageKind, by = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + by);
  }

  of(kind: CoverageKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  add(other: Coverage): void {
    for (const [kind, count] of other.#counts) this.count(kind, count);
  }

  /** Kinds that never happened. */
  missing(): readonly CoverageKind[] {
    return COVERAGE_KINDS.filter((kind) => this.of(kind) === 0);
  }

  summary(): string {
    return COVERAGE_KINDS.map((kind) => `${kind} ${this.of(kind)}`).join(" · ");
  }
}
