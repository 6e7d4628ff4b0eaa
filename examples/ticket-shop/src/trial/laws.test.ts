import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Evidence, HeldTicket, PurchaseRun, TappedRecord } from "./evidence.ts";
import { judge } from "./laws.ts";

const CHARGE = { entryId: "c", amountMinor: 4900, currency: "EUR", atMs: 0 };
const CALM_UNTIL_MS = 10_000;

/** An order that was bought without a fault, as its run tells it. */
function boughtRun(orderId: string): PurchaseRun {
  const runId = `run-${orderId}`;
  const [issue, close] = [`${runId}:3:0`, `${runId}:5:0`];
  const history = [
    { kind: "started", state: "order-created" },
    { kind: "event", state: "payment-pending", type: "PaymentStarted", eventId: "e1" },
    { kind: "event", state: "paid", type: "PaymentConfirmed", eventId: "e2" },
    { kind: "command-delivered", state: "paid", type: "IssueTicket", commandId: issue, attempt: 1 },
    { kind: "event", state: "ticketed", type: "TicketIssued", commandId: issue, attempt: 1 },
    { kind: "event", state: "closed", type: "OrderClosed", commandId: close, attempt: 1 },
  ].map((entry, index) => ({ version: index + 1, ...entry }));
  const times = { createdAtMs: 1_000, enteredAtMs: 2_000 };
  return { runId, orderId, state: "closed", outcome: "closed", parked: null, ...times, history };
}

function recordsOf({ runId, history }: PurchaseRun, partition: number): readonly TappedRecord[] {
  return history
    .filter(({ kind, commandId }) => kind === "event" && commandId !== undefined)
    .flatMap(({ commandId = null, type }) => {
      const topic = type === "TicketIssued" ? "shop.tickets" : "shop.orders";
      const at = { partition, offset: `${runId}${type}`, runId, commandId };
      return [
        { ...at, topic, isReply: false },
        { ...at, topic: "shop.events", isReply: true },
      ];
    });
}

function ticketOf(orderId: string, seat: number): HeldTicket {
  return { ticketId: `ticket-${orderId}`, orderId, concertId: "festival", seat, isVoid: false };
}

/** Two orders, bought without a fault, and nothing else. */
function goodEvidence(): Evidence {
  const [one, two] = [boughtRun("o1"), boughtRun("o2")];
  return {
    callers: { acknowledged: ["o1", "o2"], unanswered: [] },
    runs: [one, two],
    deadLetters: 0,
    ledger: [
      { ...CHARGE, number: 1, orderId: "o1", kind: "charged" },
      { ...CHARGE, number: 2, orderId: "o2", kind: "charged" },
    ],
    tickets: [ticketOf("o1", 1), ticketOf("o2", 2)],
    records: [...recordsOf(one, 0), ...recordsOf(two, 1)],
    entriesByEngine: [600, 500],
    calmUntilMs: CALM_UNTIL_MS,
    stops: [{ process: "engine 0", exitCode: 0, tookMs: 900 }],
    waitedMs: 1_000,
  };
}

/** The evidence with the run of the first order as it is not to be. */
function withRun(change: Partial<PurchaseRun>): Evidence {
  const good = goodEvidence();
  return { ...good, runs: good.runs.map((run, index) => (index === 0 ? { ...run, ...change } : run)) };
}

function withEntry(entry: Partial<PurchaseRun["history"][number]>): Evidence {
  const [run] = goodEvidence().runs;
  const last = run?.history.at(-1);
  assert.ok(run !== undefined && last !== undefined);
  return withRun({ history: [...run.history, { ...last, version: last.version + 1, ...entry }] });
}

function breachesOf(evidence: Evidence): Readonly<Record<string, readonly string[]>> {
  const broken = judge(evidence).filter(({ breaches }) => breaches.length > 0);
  return Object.fromEntries(broken.map(({ law, breaches }) => [law, breaches]));
}

const good = goodEvidence();
const [commandOfFirst] = good.records;
assert.ok(commandOfFirst !== undefined);

/** What is planted, the law that it breaks, and what is said of it. */
const PLANTED: readonly (readonly [what: string, evidence: Evidence, law: string, sentence: RegExp])[] = [
  [
    "a second run of an order",
    { ...good, runs: [...good.runs, boughtRun("o1")] },
    "P-a",
    /order o1 has 2 runs/,
  ],
  [
    "an order that is charged twice",
    { ...good, ledger: [...good.ledger, { ...CHARGE, number: 3, orderId: "o1", kind: "charged" }] },
    "P-a",
    /order o1 was settled 2 times/,
  ],
  [
    "a ticket that is issued twice",
    withEntry({ type: "TicketIssued", commandId: "run-o1:3:0" }),
    "P-a",
    /order o1 has taken in TicketIssued 2 times/,
  ],
  [
    "a command that is delivered twice without a fault",
    withEntry({ kind: "command-delivered", commandId: "run-o1:3:0" }),
    "P-a",
    /command run-o1:3:0 of order o1 was delivered 2 times/,
  ],
  [
    "an attempt that was repeated without a fault",
    withEntry({ kind: "command-delivered", commandId: "run-o1:7:0", attempt: 2 }),
    "P-a",
    /of order o1 took attempt 2/,
  ],
  [
    "a command that lies twice in its topic",
    { ...good, records: [...good.records, { ...commandOfFirst, offset: "again" }] },
    "P-a",
    /stands 2 times in its topic/,
  ],
  [
    "a lost ticket",
    { ...good, tickets: good.tickets.slice(1) },
    "P-b",
    /order o1 got past its ticket and has none/,
  ],
  [
    "a ticket nobody asked for",
    { ...good, tickets: [...good.tickets, ticketOf("o3", 3)] },
    "P-b",
    /order o3 has ticket ticket-o3 and never got one/,
  ],
  [
    "a second ticket of an order",
    { ...good, tickets: [...good.tickets, { ...ticketOf("o1", 3), ticketId: "more" }] },
    "P-b",
    /order o1 has 2 tickets/,
  ],
  [
    "a seat that is sold twice",
    { ...good, tickets: [ticketOf("o1", 1), ticketOf("o2", 1)] },
    "P-b",
    /seat 1 of festival was sold 2 times/,
  ],
  [
    "a run whose messages lie in two partitions",
    {
      ...good,
      records: good.records.map((record) =>
        record.runId === "run-o1" && record.commandId === "run-o1:5:0" ? { ...record, partition: 1 } : record,
      ),
    },
    "P-c",
    /run run-o1 in topic shop.events lie in partitions 0 and 1/,
  ],
  [
    "a message that the tap has not seen",
    { ...good, records: good.records.slice(1) },
    "P-c",
    /the tap has not seen it/,
  ],
  [
    "a topic that uses one partition alone",
    { ...good, records: good.records.map((record) => ({ ...record, partition: 0 })) },
    "P-c",
    /in 1 partitions, expected them in two/,
  ],
  [
    "an engine that hardly works",
    { ...good, entriesByEngine: [900, 200] },
    "P-d",
    /engine 1 made 200 of 1100 .*18 %/,
  ],
  [
    "a process that ends badly",
    { ...good, stops: [{ process: "tickets", exitCode: null, tookMs: 5 }] },
    "P-e",
    /tickets ended with a signal, expected exit code 0/,
  ],
  [
    "a process that does not end in time",
    { ...good, stops: [{ process: "orders", exitCode: 0, tookMs: 60_000 }] },
    "P-e",
    /orders took 60000 ms to stop/,
  ],
  [
    "a run that is cut off",
    withRun({ history: good.runs[0]?.history.slice(0, -1) ?? [] }),
    "P-e",
    /the history of order o1 does not lead to closed/,
  ],
  [
    "an event that is taken in twice",
    withEntry({ type: "PaymentStarted", eventId: "e1" }),
    "P-e",
    /event e1 of order o1 was taken in 2 times/,
  ],
  [
    "a run that is parked",
    withRun({ parked: "handler-failed" }),
    "P-f",
    /order o1 is parked: handler-failed/,
  ],
  ["a dead letter", { ...good, deadLetters: 3 }, "P-f", /there are 3 dead letters/],
  [
    "a run that failed by itself",
    withRun({ outcome: "failed" }),
    "P-f",
    /order o1 failed, and the provider has not refused it/,
  ],
  [
    "money that was kept",
    withRun({ outcome: "expired" }),
    "P-g",
    /order o1 was charged and is expired, without a refund/,
  ],
  [
    "a closed order that was refunded",
    { ...good, ledger: [...good.ledger, { ...CHARGE, number: 3, orderId: "o2", kind: "refunded" }] },
    "P-g",
    /order o2 is closed and was refunded/,
  ],
  [
    "an order that stays unpaid",
    withRun({ state: "payment-pending", outcome: null }),
    "P-h",
    /order o1 is still payment-pending, 1 s after the load/,
  ],
  [
    "an acknowledged order that is lost",
    { ...good, callers: { acknowledged: ["o1", "o2", "o3"], unanswered: [] } },
    "P-i",
    /order o3 was acknowledged and has no run/,
  ],
  [
    "an order nobody asked for",
    { ...good, callers: { acknowledged: ["o1"], unanswered: [] } },
    "P-i",
    /order o2 has a run, and nobody asked for it/,
  ],
  [
    "an order without an end",
    withRun({ state: "paid", outcome: null }),
    "P-i",
    /order o1 is in paid, without an end/,
  ],
];

describe("The laws across processes", () => {
  it("hold of orders that were bought without a fault", () => {
    assert.deepEqual(breachesOf(good), {});
    assert.deepEqual(
      judge(good).map(({ law }) => law),
      ["P-a", "P-b", "P-c", "P-d", "P-e", "P-f", "P-g", "P-h", "P-i"],
    );
  });

  for (const [what, evidence, law, sentence] of PLANTED)
    it(`find ${what}, by ${law}`, () => {
      const breaches = breachesOf(evidence);
      assert.match((breaches[law] ?? []).join("\n"), sentence, JSON.stringify(breaches));
    });

  it("allow a second delivery and an order without an answer once there was a fault", () => {
    const repeated = withEntry({ kind: "command-delivered", commandId: "run-o1:3:0", attempt: 2 });
    assert.deepEqual(breachesOf({ ...repeated, calmUntilMs: 0 }), {});
    assert.deepEqual(breachesOf({ ...good, callers: { acknowledged: ["o1"], unanswered: ["o2"] } }), {});
  });

  it("allow an order that was refunded, and one that the provider refused", () => {
    const [, charged] = good.ledger;
    assert.ok(charged !== undefined);
    const refund = { ...charged, number: 3, orderId: "o1", kind: "refunded" } as const;
    const tickets = [{ ...ticketOf("o1", 1), isVoid: true }, ticketOf("o2", 2)];
    const refunded = withRun({ outcome: "refunded" });
    assert.deepEqual(breachesOf({ ...refunded, ledger: [...good.ledger, refund], tickets }), {});
    const refused = { ...charged, number: 1, orderId: "o1", kind: "refused" } as const;
    const early = good.runs[0]?.history.filter(({ state }) => state !== "ticketed") ?? [];
    const history = early.map((entry, index) => ({ ...entry, version: index + 1 }));
    const failed = { ...withRun({ outcome: "failed", history }), ledger: [refused, charged] };
    assert.deepEqual(breachesOf({ ...failed, tickets: [ticketOf("o2", 2)] }), {});
  });

  it("say why they cannot be judged, instead of that they hold", () => {
    const verdicts = judge({ ...good, entriesByEngine: [0, 0], stops: [] });
    const open = verdicts.filter(({ unjudged }) => unjudged !== null).map(({ law }) => law);
    assert.deepEqual(open, ["P-d", "P-e"]);
  });
});
