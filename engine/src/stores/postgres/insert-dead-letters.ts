import type { Fragment, Sql } from "postgres";
import type { DeadLetterRow } from "../../core/ports.ts";
import { lines, plains, texts } from "./columns.ts";

export function insertDeadLetters(sql: Sql, rows: readonly DeadLetterRow[]): Fragment {
  return sql`
    insert into dead_letters (run_id, version, lane, reason, state, input, error, at)
    select run_id, version, lane, reason, state, input, error, from_ms(at_ms)
      from unnest(
             ${plains(rows.map(({ runId }) => runId))}::uuid[],
             ${plains(rows.map(({ version }) => version))}::integer[],
             ${plains(rows.map(({ lane }) => lane))}::integer[],
             ${texts(rows.map(({ reason }) => reason))}::text[],
             ${texts(rows.map(({ state }) => state))}::text[],
             string_to_array(${lines(rows.map(({ input }) => JSON.stringify(input)))}, E'\n'),
             string_to_array(${lines(rows.map(({ error }) => (error === null ? null : JSON.stringify(error))))}, E'\n', ''),
             ${plains(rows.map(({ atMs }) => atMs))}::float8[])
        as given (run_id, version, lane, reason, state, input, error, at_ms)`;
}
