import type { Fragment, Sql } from "postgres";
import type { Run } from "../../core/run.ts";
import { lines, plains, texts } from "./columns.ts";
import { toControlText } from "./run-columns.ts";

/** Writes runs over their former version. What never changes after the start is left alone. */
export function upsertRuns(sql: Sql, runs: readonly Run[]): Fragment {
  return sql`
    insert into runs (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
                      data, control, created_at, entered_at, updated_at)
    select run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
           data, control, from_ms(created_ms), from_ms(entered_ms), from_ms(updated_ms)
      from unnest(
             ${plains(runs.map(({ runId }) => runId))}::uuid[],
             ${texts(runs.map(({ flow }) => flow))}::text[],
             ${plains(runs.map(({ flowVersion }) => flowVersion))}::integer[],
             ${texts(runs.map(({ key }) => key))}::text[],
             ${plains(runs.map(({ lane }) => lane))}::integer[],
             ${plains(runs.map(({ version }) => version))}::integer[],
             ${texts(runs.map(({ state }) => state))}::text[],
             ${texts(runs.map(({ businessState }) => businessState))}::text[],
             ${texts(runs.map(({ outcome }) => outcome))}::text[],
             ${texts(runs.map(({ parked }) => parked))}::text[],
             string_to_array(${lines(runs.map(({ dataText }) => dataText))}, E'\n'),
             string_to_array(${lines(runs.map(toControlText))}, E'\n'),
             ${plains(runs.map(({ createdAtMs }) => createdAtMs))}::float8[],
             ${plains(runs.map(({ enteredAtMs }) => enteredAtMs))}::float8[],
             ${plains(runs.map(({ updatedAtMs }) => updatedAtMs))}::float8[])
        as given (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
                  data, control, created_ms, entered_ms, updated_ms)
    on conflict (run_id, created_at) do update set
      flow_version = excluded.flow_version, version = excluded.version, state = excluded.state,
      business_state = excluded.business_state, outcome = excluded.outcome, parked = excluded.parked,
      data = excluded.data, control = excluded.control,
      entered_at = excluded.entered_at, updated_at = excluded.updated_at`;
}
