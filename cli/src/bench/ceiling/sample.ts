/** A finished run as the engine has stored it: the pattern of the rows that the ceiling writes. */
import type { HistoryEntry } from "@sluice/engine";
import type { Sql } from "@sluice/host/postgres";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { definitionOf } from "../flow/definition-of.ts";
import type { ParticipantKind } from "../participants/participant-kind.ts";

/** What one batch did to one run. */
export interface Visit {
  readonly firstVersion: number;
  readonly lastVersion: number;
  readonly state: string;
  readonly entries: string;
  readonly seen: string | null;
  readonly setsTimer: boolean;
  readonly clearsTimer: boolean;
  /** Commands that left through the outbox. */
  readonly outbox: number;
  /** Commands that were carried out in the batch, by their types. */
  readonly effects: readonly string[];
}

export interface Sample {
  readonly flow: BenchFlow;
  readonly data: string;
  readonly control: string;
  readonly visits: readonly Visit[];
}

interface StoredVisit {
  readonly entries: string;
  readonly seen: string | null;
}

export async function readSample(sql: Sql, flow: BenchFlow, participants: ParticipantKind): Promise<Sample> {
  const { name } = definitionOf(flow);
  const [run] = await sql<{ runId: string; data: string; control: string }[]>`
    select run_id as "runId", data, control from sluice.runs where flow = ${name} and outcome = 'completed' limit 1`;
  if (run === undefined) throw new Error(`no run of ${name} has ended, so there are no rows to write again`);
  const rows = await sql<StoredVisit[]>`
    select entries, seen from sluice.history where run_id = ${run.runId} order by first_version`;
  const { data, control } = run;
  return { flow, data, control, visits: toVisits(flow, participants, rows) };
}

/** The same run as if each transition had had a batch of its own: what is written without folding. */
export function unfolded({ visits, ...rest }: Sample, participants: ParticipantKind): Sample {
  const rows = visits.flatMap(({ entries, seen }) =>
    parseEntries(entries).map((entry) => ({
      entries: JSON.stringify([entry]),
      seen: entry.eventId === undefined ? null : seen,
    })),
  );
  return { ...rest, visits: toVisits(rest.flow, participants, rows) };
}

export function toVisits(
  flow: BenchFlow,
  participants: ParticipantKind,
  rows: readonly StoredVisit[],
): Visit[] {
  let before: string | null = null;
  return rows.map((row) => {
    const visit = toVisit(flow, participants, row, before);
    before = visit.state;
    return visit;
  });
}

function toVisit(
  flow: BenchFlow,
  participants: ParticipantKind,
  { entries, seen }: StoredVisit,
  before: string | null,
): Visit {
  const told = parseEntries(entries);
  const state = told.at(-1)?.state ?? "";
  const commands = told.flatMap(({ commands: issued = [] }) => issued.map(({ type }) => type));
  const isInBatch = participants === "transactional";
  return {
    firstVersion: told[0]?.version ?? 0,
    lastVersion: told.at(-1)?.version ?? 0,
    state,
    entries,
    seen,
    setsTimer: hasTimer(flow, state),
    clearsTimer: before !== null && hasTimer(flow, before),
    outbox: isInBatch ? 0 : commands.length,
    effects: isInBatch ? commands : [],
  };
}

function parseEntries(text: string): HistoryEntry[] {
  return JSON.parse(text) as HistoryEntry[];
}

function hasTimer(flow: BenchFlow, state: string): boolean {
  return definitionOf(flow).states[state]?.after !== undefined;
}
