/** What somebody changes by hand in the tables of a deployment, and what an audit says of it. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import type { Sql } from "@sluice/host/postgres";
import type { AuditFinding, Store } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import type { Run } from "../../core/run.ts";
import { compileSchema } from "../../definition/compile-schema.ts";
import { Random } from "../../testing/simulation/random.ts";
import {
  TEST_BEGIN_MS,
  makeCommand,
  makeDeadLetter,
  makeEntry,
  makeRun,
  makeTimer,
  testRunId,
} from "../../testing/rows.ts";
import { openOwner, openPostgresHarness } from "./fixtures/harness.ts";

/** Its history lies in three rows, the last of two entries. */
const WAITING = testRunId(1);
const PARKED = testRunId(2);
const CHILD = testRunId(3);
const ACTION = testRunId(4);
const PLAN = { operation: { type: "retry" }, filter: {}, isDryRun: false, runsPerSecond: null } as const;

async function openDeployment(t: TestContext): Promise<{ readonly store: Store; readonly sql: Sql }> {
  const { sql, openStoreWith } = await openPostgresHarness(t);
  const store = openStoreWith({ engineId: "a" });
  const owner = await openOwner(store);
  await store.saveFlowVersions([{ flow: "tickets", version: 1, hash: "1", definition: TICKETS }]);
  const timers = [makeTimer(1, TEST_BEGIN_MS + 50, { kind: "retry", commandId: "c" })];
  const commands = [
    makeCommand("c", { phase: "waiting", attempt: 2 }),
    makeCommand("d", { phase: "delivered", childId: CHILD }),
  ];
  const parent = { runId: WAITING, commandId: "d", depth: 1 };
  const waiting = makeRun({ runId: WAITING, commands, timers });
  const parked = makeRun({ runId: PARKED });
  await owner.start(waiting, parked, makeRun({ runId: CHILD, parent }));
  const next = (run: Run, version: number, more: Partial<Run> = {}): Run => ({ ...run, version, ...more });
  const noted = (n: number) => makeEntry(n, { kind: "unexpected", eventId: `e${n}` });
  await owner.commit({
    runs: [next(waiting, 2), next(parked, 2, { parked: "rule-failed" })],
    history: [
      { runId: WAITING, lane: 0, entries: [noted(2)] },
      { runId: PARKED, lane: 0, entries: [makeEntry(2, { kind: "parked" })] },
    ],
    deadLetters: [makeDeadLetter(PARKED, 2)],
  });
  await owner.commit({
    runs: [next(waiting, 4), next(parked, 3, { parked: "rule-failed" })],
    history: [
      { runId: WAITING, lane: 0, entries: [noted(3), noted(4)] },
      { runId: PARKED, lane: 0, entries: [makeEntry(3, { kind: "queued", eventId: "e3" })] },
    ],
    deadLetters: [makeDeadLetter(PARKED, 3)],
  });
  await store.addAction({
    actionId: ACTION,
    kind: "runs.retry",
    by: "anna",
    reason: null,
    state: "running",
    subject: {},
    job: { plan: PLAN, progress: { cursor: null, seen: 0, applied: 0, refused: {}, examples: [] } },
    lane: 0,
  });
  const stored = await store.getRuns([WAITING, PARKED, CHILD]);
  await store.project(stored.map(toRunRow), []);
  assert.deepEqual(await findings(store), []);
  return { store, sql };
}

const TICKETS = {
  name: "tickets",
  version: 1,
  data: { type: "object" },
  events: { Paid: {}, Refunded: {} },
  commands: { IssueTicket: { channel: "tickets", answers: ["Paid"] } },
  initial: "ordered",
  states: {
    ordered: { send: { IssueTicket: "data" }, on: { Paid: "closed", Refunded: "closed" } },
    closed: { final: "sold" },
  },
};

async function findings(store: Store): Promise<readonly AuditFinding[]> {
  return (await store.audit({ quiet: false, compileSchema })).findings;
}

type Broken = readonly [what: string, statement: string, runId: string | null, finding: RegExp];

const BROKEN: readonly Broken[] = [
  [
    "a row that is gone from the middle of the history",
    `delete from history where run_id = '${WAITING}' and first_version = 2`,
    WAITING,
    /I1 history has version 3 where 2 was expected/,
  ],
  [
    "a history row under other versions than its entries",
    `update history set last_version = 7 where run_id = '${WAITING}' and first_version = 3`,
    WAITING,
    /I1 history: the row of versions 3 to 7 has the entries 3 to 4/,
  ],
  [
    "a memory of taken events that was emptied",
    `update history set seen = null where run_id = '${WAITING}' and first_version = 3`,
    WAITING,
    /I6 history: the row of versions 3 to 4 remembers other ids in its column seen than its entries took in/,
  ],
  [
    "a memory of taken events that is no JSON",
    `update history set seen = '[' where run_id = '${WAITING}' and first_version = 3`,
    WAITING,
    /I6 history: the row of versions 3 to 4 remembers other ids/,
  ],
  [
    "history that is no JSON",
    `update history set entries = '[{' where run_id = '${WAITING}' and first_version = 2`,
    WAITING,
    /I1 history: column entries of the row of versions 2 to 2 is no JSON/,
  ],
  [
    "data that is no JSON",
    `update runs set data = 'nonsense' where run_id = '${WAITING}'`,
    WAITING,
    /I1 runs: column data is no JSON, so the run cannot be carried on/,
  ],
  [
    "control of another shape",
    `update runs set control = replace(control, '"waiting"', '7') where run_id = '${WAITING}'`,
    WAITING,
    /I1 runs: column control has 7 at \/commands\/0\/phase, expected one of sending, waiting, delivered/,
  ],
  [
    "a reason to be parked that there is not",
    `update runs set parked = 'tired' where run_id = '${PARKED}'`,
    PARKED,
    /I1 runs: column parked has another text at \/, expected one of rule-failed/,
  ],
  [
    "a child that cannot be read",
    `update runs set control = '{}' where run_id = '${CHILD}'`,
    CHILD,
    /I1 runs: column control has nothing at \/commands, expected a list/,
  ],
  [
    "a dead letter that cannot be taken in again",
    `update dead_letters set input = '{"kind":"event"}' where version = 3`,
    PARKED,
    /I3 dead_letters: column input of version 3 has nothing at \/runId, expected the id of a run/,
  ],
  [
    "a dead letter behind the head that is gone",
    "delete from dead_letters where version = 3",
    PARKED,
    /I3 what was queued behind it at version 3 is no dead letter any more/,
  ],
  [
    "all that a run waits for taken away",
    `with cleared as (delete from timers)
     update runs set control = '{"commands":[],"timers":[],"timerCount":1,"startId":null,"startDigest":0}' where run_id = '${WAITING}'`,
    WAITING,
    /I3 command c \(IssueTicket\) was issued at version 1 and has no answer/,
  ],
  [
    "an outcome that was set by hand",
    `update runs set outcome = 'sold' where run_id = '${WAITING}'`,
    WAITING,
    /I1 the run has the outcome sold, expected none in state ordered/,
  ],
  [
    "data that was changed by hand into what its schema forbids",
    `update flow_versions set definition = replace(definition, '"data":{"type":"object"}', '"data":{"required":["seat"]}')`,
    WAITING,
    /I1 the data breaks the schema of flow tickets version 1: \/seat is missing/,
  ],
  [
    "a definition that is no JSON",
    "update flow_versions set definition = 'nonsense'",
    null,
    /I1 the stored definition of flow tickets version 1 is no JSON/,
  ],
  [
    "a definition of another flow",
    `update flow_versions set definition = replace(definition, '"tickets",', '"purchase",')`,
    null,
    /I1 the stored definition of flow tickets version 1 is of flow purchase version 1/,
  ],
  ...["subject = '['", "job = '{}'", "job = null", "progress = '7'", "asked_at = 'infinity'"].map(
    (update): Broken => [
      `an action with ${update}`,
      `update actions set ${update}`,
      null,
      new RegExp(
        `I6 action ${ACTION} \\(runs.retry\\): actions: column ${update.split(" ", 1)[0]} (?:is|has) `,
      ),
    ],
  ),
  [
    "a definition that is gone",
    "delete from flow_versions",
    WAITING,
    /I1 flow_versions has no row of flow tickets version 1, which this run has .* restore the row from a backup/,
  ],
  ...["infinity", "-infinity"].flatMap((at): readonly Broken[] => [
    [
      `a dead letter at ${at}`,
      `update dead_letters set at = '${at}' where version = 3`,
      PARKED,
      /I3 dead_letters: column at of version 3 is -?Infinity, expected a time/,
    ],
    [
      `history at ${at}`,
      `update history set at = '${at}' where run_id = '${WAITING}' and first_version = 2`,
      WAITING,
      /I1 history: the row of versions 2 to 2 has -?Infinity in its column at, and its entries are of \d+; correct/,
    ],
    [
      `a state that was entered at ${at}`,
      `update runs set entered_at = '${at}' where run_id = '${WAITING}'`,
      WAITING,
      /I1 runs: column entered_at is -?Infinity, expected a time, so the run cannot be carried on; restore/,
    ],
  ]),
  [
    "an error of a dead letter that is no JSON",
    "update dead_letters set error = '{' where version = 2",
    PARKED,
    /I3 dead_letters: column error of version 2 is no JSON/,
  ],
  [
    "a dead letter of another lane than its run",
    "update dead_letters set lane = 3 where version = 3",
    PARKED,
    /I3 dead_letters: column lane of version 3 is 3, and the run is of lane 0/,
  ],
  [
    "history of another lane than its run",
    `update history set lane = 3 where run_id = '${WAITING}' and first_version = 2`,
    WAITING,
    /I1 history: the row of versions 2 to 2 is of lane 3, and the run is of lane 0; correct the wrong one/,
  ],
  [
    "a run of another lane than its history",
    `update runs set lane = 3 where run_id = '${WAITING}'`,
    WAITING,
    /I1 history: the row of versions 1 to 1 is of lane 0, and the run is of lane 3/,
  ],
  [
    "a run of another flow",
    `update runs set flow = 'purchase' where run_id = '${WAITING}'`,
    WAITING,
    /I4 runs and run_search differ in flow: one of them was changed/,
  ],
  [
    "a run of another version of its flow",
    `update runs set flow_version = 7 where run_id = '${WAITING}'`,
    WAITING,
    /I1 flow_versions has no row of flow tickets version 7/,
  ],
  [
    "a run at another version than its history",
    `update runs set version = 9 where run_id = '${WAITING}'`,
    WAITING,
    /I1 the run is at version 9, its history has 4 entries/,
  ],
  [
    "a run under another key",
    `update runs set key = 'order-8' where run_id = '${WAITING}'`,
    WAITING,
    /I4 runs and run_search differ in key/,
  ],
  [
    "a run that entered its state at another time",
    `update runs set entered_at = entered_at - interval '1 hour' where run_id = '${WAITING}'`,
    WAITING,
    /I1 column entered_at of runs says 2026-06-01T11:00:00.000Z, expected 2026-06-01T12:00:00.000Z/,
  ],
  [
    "a run that changed at another time",
    `update runs set updated_at = updated_at + interval '1 hour' where run_id = '${WAITING}'`,
    WAITING,
    /I1 column updated_at of runs says 2026-06-01T13:00:00.000Z, expected 2026-06-01T12:00:00.000Z/,
  ],
  [
    "a projection that is ahead of its run",
    `update run_search set version = 9 where run_id = '${WAITING}'`,
    WAITING,
    /I4 runs and run_search differ in version/,
  ],
  [
    "a batch number below nothing",
    "update lanes set batch_number = -1 where lane_id = 2",
    null,
    /I4 lane 2: batchNumber is -1, expected a whole number from 0/,
  ],
  [
    "an epoch that was taken back",
    "update lanes set epoch = 0 where lane_id = 0",
    null,
    /I4 lane 0: batch 3 is written, and nobody has owned the lane/,
  ],
  [
    "a batch number that was taken back",
    "update lanes set batch_number = 0, outbox_position = 1, published_position = 1 where lane_id = 0",
    null,
    /I4 lane 0: no batch is written, and the outbox ends at 1/,
  ],
  [
    "a lane without a row",
    "with gone as (delete from lane_projections where lane_id = 2) delete from lanes where lane_id = 2",
    null,
    /I4 lane 2 has no row, expected one of each of 4 lanes/,
  ],
  [
    "a lane without a row of its projection",
    "delete from lane_projections where lane_id = 2",
    null,
    /I4 lane 2 has no row, expected one of each of 4 lanes/,
  ],
];

it("tells of each change by hand which invariant it breaks, and of which run", async (t) => {
  const { store, sql } = await openDeployment(t);
  await keepTables(sql);
  for (const [what, statement, runId, expected] of BROKEN) {
    await t.test(`finds in the tables ${what}`, async () => {
      await sql.unsafe(statement);
      const found = await findings(store);
      await putBack(sql, TABLES);
      const told = found.map((each) => `${each.invariant} ${each.message}`);
      assert.ok(
        found.some((each, at) => each.runId === runId && expected.test(told[at] ?? "")),
        `no finding like ${String(expected)} of ${runId} among:\n${told.join("\n")}`,
      );
      assert.deepEqual(await findings(store), [], "the rows are as they were");
    });
  }
});

const TABLES = [
  "actions",
  "runs",
  "run_search",
  "history",
  "dead_letters",
  "timers",
  "flow_versions",
  "lanes",
  "lane_projections",
];

/** Keeps what stands in the tables, so that it can be put back. */
async function keepTables(sql: Sql): Promise<void> {
  await sql`alter table lane_projections drop constraint lane_projections_lane_id_fkey`;
  for (const table of TABLES) await sql.unsafe(`create table kept_${table} as table ${table}`);
}

async function putBack(sql: Sql, tables: readonly string[]): Promise<void> {
  await sql.unsafe(
    tables.map((table) => `delete from ${table}; insert into ${table} table kept_${table};`).join(" "),
  );
}

const COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ["runs", "data"],
  ["runs", "control"],
  ["runs", "state"],
  ["runs", "flow"],
  ["runs", "outcome"],
  ["runs", "parked"],
  ["runs", "business_state"],
  ["history", "entries"],
  ["history", "seen"],
  ["dead_letters", "input"],
  ["dead_letters", "reason"],
  ["dead_letters", "error"],
  ["timers", "kind"],
  ["flow_versions", "definition"],
  ["actions", "subject"],
  ["actions", "job"],
  ["actions", "progress"],
];

const GARBAGE: readonly unknown[] = [
  null,
  true,
  -1,
  1e300,
  2 ** 40,
  "",
  "nonsense",
  "\0",
  "\ud800",
  [],
  {},
  [[]],
  [null],
  { id: 1 },
  { $function: 7 },
];

/** Texts that no JSON reader takes, or that are nested deeper than a stack. */
const TEXTS = ["", " ", "nonsense", "[", '"', "1e999", "NaN", "[".repeat(9_000) + "]".repeat(9_000)];

it("ends with findings, whatever stands in the columns it reads", { timeout: 120_000 }, async (t) => {
  const { store, sql } = await openDeployment(t);
  await keepTables(sql);
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  for (const [table, column] of COLUMNS) {
    const before = await sql<{ text: string | null }[]>`select ${sql(column)} as text from ${sql(table)}`;
    const text = random.pick([...before.flatMap(({ text: each }) => each ?? []), "x"]);
    for (const garbage of [...TEXTS, ...mutations(text, random)]) {
      await sql`update ${sql(table)} set ${sql(column)} = ${garbage}`;
      await assert.doesNotReject(findings(store), `${table}.${column} = ${garbage.slice(0, 200)}`);
      await putBack(sql, [table]);
    }
  }
});

/** A JSON text with one of its parts replaced, some times. */
function mutations(text: string, random: Random): string[] {
  return Array.from({ length: 6 }, () => {
    const garbage = random.pick(GARBAGE);
    try {
      return JSON.stringify(replaceOne(JSON.parse(text), garbage, random));
    } catch {
      return JSON.stringify(garbage);
    }
  });
}

function replaceOne(value: unknown, garbage: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null) return garbage;
  const names = Object.keys(value);
  if (names.length === 0 || random.chance(0.2)) return garbage;
  const name = random.pick(names);
  const changed = replaceOne((value as Record<string, unknown>)[name ?? ""], garbage, random);
  return Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name ?? ""]: changed };
}
