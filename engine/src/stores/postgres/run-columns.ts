/** A run as columns and back. What lists and operators read is a column; what only the owner reads is `control`. */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { Fragment, Sql } from "postgres";
import type { Run } from "../../core/run.ts";

/** What only the owner reads. */
export type Control = Pick<Run, "commands" | "timers" | "timerCount" | "startId" | "startDigest"> &
  Partial<Family> &
  Pick<Run, "trace">;
/** What few runs have. Left out where there is none of it. */
type Family = Pick<Run, "steps" | "compensation" | "parent">;

export function toControlText(run: Run): string {
  const { commands, timers, timerCount, startId, startDigest, steps, compensation, parent, trace } = run;
  return JSON.stringify({
    commands,
    timers,
    timerCount,
    startId,
    startDigest,
    ...(steps.length === 0 ? {} : { steps }),
    ...(compensation === null ? {} : { compensation }),
    ...(parent === null ? {} : { parent }),
    ...(trace === undefined ? {} : { trace }),
  } satisfies Control);
}

/** A row of `runs` as `runColumns` selects it. */
export interface StoredRun extends Omit<Run, "data" | "dataText" | keyof Control | keyof Family> {
  readonly data: string;
  readonly control: string;
}

/** The columns of `runs r`. */
export function runColumns(sql: Sql): Fragment {
  return sql`
    r.run_id as "runId", r.flow, r.flow_version as "flowVersion", r.key, r.lane, r.version, r.state,
    r.business_state as "businessState", r.outcome, r.parked, r.data, r.control,
    to_ms(r.created_at) as "createdAtMs", to_ms(r.entered_at) as "enteredAtMs", to_ms(r.updated_at) as "updatedAtMs"`;
}

/** The run of a row whose texts are parsed already. */
export function composeRun(
  { data: dataText, control: _, ...columns }: StoredRun,
  control: Control,
  data: JsonObject,
): Run {
  return { ...columns, steps: [], compensation: null, parent: null, ...control, data, dataText };
}

/** The columns of `run_search s`, or of `runs s`, as a RunRow. */
export function runRowColumns(sql: Sql): Fragment {
  return sql`
    s.run_id as "runId", s.flow, s.flow_version as "flowVersion", s.key, s.lane, s.version, s.state,
    s.business_state as "businessState", s.outcome, s.parked,
    to_ms(s.created_at) as "createdAtMs", to_ms(s.entered_at) as "enteredAtMs", to_ms(s.updated_at) as "updatedAtMs"`;
}
