/** The laws of the shop across processes, P-a to P-i, judged from outside. Pure: evidence in, verdicts out. */
import type { Evidence, HeldTicket, PurchaseRun, TappedRecord } from "./evidence.ts";

export interface Verdict {
  readonly law: string;
  /** What is promised, in a sentence. */
  readonly promise: string;
  /** What breaks it, a sentence each; the first ones where there are many. */
  readonly breaches: readonly string[];
  /** Why nothing can be said about it; null where it was judged. */
  readonly unjudged: string | null;
}

interface Law {
  readonly law: string;
  readonly promise: string;
  readonly find: (evidence: Evidence) => readonly string[];
  readonly whyUnjudged?: (evidence: Evidence) => string | null;
}

/** Enough to see what is wrong. */
const BREACHES_MAX = 20;
/** Of all state entries: less of them and an engine does not do its part. */
const SHARE_MIN = 0.3;
/** Those of a hundred orders: with fewer, chance alone may give one engine so little. */
const ENTRIES_MIN = 500;
/** How long a process may take to stop: requests, engine and database have 10 s each. */
export const STOP_MS_MAX = 30_000;
/** How long an order may stay unpaid or undecided after the load has ended. */
export const RECONCILED_MS_MAX = 150_000;

const ENDS = new Set(["closed", "failed", "expired", "refunded"]);
const EFFECTS = ["PaymentConfirmed", "TicketIssued", "OrderClosed"];

const LAWS: readonly Law[] = [
  {
    law: "P-a",
    promise:
      "each order is processed once: one run per order, one effect per order and participant, and without a fault each command is delivered once",
    find: findRepeats,
  },
  {
    law: "P-b",
    promise: "tickets = orders that got one: one per order, a seat sold once, and none that is not paid",
    find: findTicketBreaches,
  },
  {
    law: "P-c",
    promise:
      "all messages of a run lie in one partition of their topic, or in one of the queues of their kind",
    find: findScattered,
  },
  {
    law: "P-d",
    promise: `both engines work: each makes at least ${SHARE_MIN * 100} % of the state entries`,
    find: findIdleEngines,
    whyUnjudged: ({ entriesByEngine }) =>
      sum(entriesByEngine) < ENTRIES_MIN ? `there were fewer than ${ENTRIES_MIN} state entries` : null,
  },
  {
    law: "P-e",
    promise: "who is told to stop drains: exit code 0 in time, no run is cut off, no event is taken in twice",
    find: findBadStops,
    whyUnjudged: ({ stops }) => (stops.length === 0 ? "no process was told to stop" : null),
  },
  {
    law: "P-f",
    promise:
      "there is no error inside the flow: no run is parked or failed by itself, nothing is a dead letter",
    find: findErrorsInside,
  },
  { law: "P-g", promise: "who is charged has a closed order, or the money back", find: findKeptMoney },
  {
    law: "P-h",
    promise: `unpaid orders are reconciled within ${RECONCILED_MS_MAX / 1000} s after the load`,
    find: findUnreconciled,
  },
  {
    law: "P-i",
    promise: "orders accepted = closed + failed + expired + refunded",
    find: findUnaccounted,
  },
];

export function judge(evidence: Evidence): readonly Verdict[] {
  return LAWS.map(({ law, promise, find, whyUnjudged }) => {
    const unjudged = whyUnjudged?.(evidence) ?? null;
    const breaches = unjudged === null ? find(evidence).slice(0, BREACHES_MAX) : [];
    return { law, promise, breaches, unjudged };
  });
}

export function isBroken({ breaches }: Verdict): boolean {
  return breaches.length > 0;
}

// ---------------------------------------------------------------- P-a

function findRepeats(evidence: Evidence): readonly string[] {
  const { runs, ledger, records, calmUntilMs } = evidence;
  const calm = runs.filter(({ outcome, enteredAtMs }) => outcome !== null && enteredAtMs < calmUntilMs);
  const calmIds = new Set(calm.map(({ runId }) => runId));
  const commands = records.filter(({ isReply, runId }) => !isReply && calmIds.has(runId));
  return [
    ...repeatsOf(runs, ({ orderId }) => orderId ?? "without a key").map(
      ([orderId, count]) => `order ${orderId} has ${count} runs`,
    ),
    ...runs.flatMap(repeatedEffects),
    ...repeatsOf(
      ledger,
      ({ kind, orderId }) => `${orderId} was ${kind === "refunded" ? kind : "settled"}`,
    ).map(([what, count]) => `order ${what} ${count} times`),
    ...calm.flatMap(repeatedDeliveries),
    ...repeatsOf(commands, ({ commandId }) => String(commandId)).map(
      ([commandId, count]) => `command ${commandId} stands ${count} times in its topic, without a fault`,
    ),
  ];
}

function repeatedEffects({ orderId, history }: PurchaseRun): readonly string[] {
  const effects = history.filter(({ kind, type }) => kind === "event" && EFFECTS.includes(type ?? ""));
  return repeatsOf(effects, ({ type }) => String(type)).map(
    ([type, count]) => `order ${orderId} has taken in ${type} ${count} times`,
  );
}

function repeatedDeliveries({ orderId, history }: PurchaseRun): readonly string[] {
  const deliveries = history.filter(
    ({ kind }) => kind === "command-delivered" || kind === "command-attempted",
  );
  return [
    ...repeatsOf(deliveries, ({ commandId }) => String(commandId)).map(
      ([commandId, count]) =>
        `command ${commandId} of order ${orderId} was delivered ${count} times, without a fault`,
    ),
    ...history
      .filter(({ attempt = 1 }) => attempt > 1)
      .map(({ type, attempt }) => `${type} of order ${orderId} took attempt ${attempt}, without a fault`),
  ];
}

// ---------------------------------------------------------------- P-b

function findTicketBreaches({ runs, tickets, ledger }: Evidence): readonly string[] {
  const held = new Set(tickets.map(({ orderId }) => orderId));
  const reached = new Set(runs.filter(hasReachedTicketed).map(({ orderId }) => orderId));
  const charged = new Set(ledger.filter(({ kind }) => kind === "charged").map(({ orderId }) => orderId));
  const seatOf = ({ concertId, seat }: HeldTicket): string => `seat ${seat} of ${concertId}`;
  return [
    ...[...reached]
      .filter((orderId) => !held.has(orderId ?? ""))
      .map((id) => `order ${id} got past its ticket and has none`),
    ...tickets
      .filter(({ orderId, isVoid }) => !isVoid && !reached.has(orderId))
      .map(({ ticketId, orderId }) => `order ${orderId} has ticket ${ticketId} and never got one`),
    ...tickets
      .filter(({ orderId }) => !charged.has(orderId))
      .map(({ ticketId, orderId }) => `order ${orderId} has ticket ${ticketId} and was never charged`),
    ...repeatsOf(tickets, ({ orderId }) => orderId).map(([id, count]) => `order ${id} has ${count} tickets`),
    ...repeatsOf(tickets, seatOf).map(([seat, count]) => `${seat} was sold ${count} times`),
  ];
}

function hasReachedTicketed({ history }: PurchaseRun): boolean {
  return history.some(({ state }) => state === "ticketed");
}

// ---------------------------------------------------------------- P-c

function findScattered({ records, runs }: Evidence): readonly string[] {
  const partitions = new Map<string, Set<number>>();
  for (const { topic, partition, runId } of records) {
    const name = `run ${runId} in topic ${topic}`;
    partitions.set(name, (partitions.get(name) ?? new Set()).add(partition));
  }
  const missing = missingRecords(records, runs);
  const used = new Set(records.map(({ partition }) => partition));
  return [
    ...[...partitions]
      .filter(([, places]) => places.size > 1)
      .map(([name, places]) => `messages of ${name} lie in partitions ${[...places].join(" and ")}`),
    ...missing.map(
      (commandId) => `command ${commandId} was answered, and the tap has not seen it and its answer`,
    ),
    ...(used.size < 2
      ? [`the tap saw ${records.length} messages in ${used.size} partitions, expected them in two`]
      : []),
  ];
}

/** A tap that saw only some of the messages would say nothing about the others. */
export function missingRecords(
  records: readonly TappedRecord[],
  runs: readonly PurchaseRun[],
): readonly string[] {
  const seen = new Set(records.map(({ commandId, isReply }) => `${commandId} ${isReply}`));
  const answered = runs.flatMap(({ history }) =>
    history.flatMap(({ kind, commandId }) =>
      kind === "event" && commandId !== undefined ? [commandId] : [],
    ),
  );
  return answered.filter((commandId) => !seen.has(`${commandId} false`) || !seen.has(`${commandId} true`));
}

// ---------------------------------------------------------------- P-d

function findIdleEngines({ entriesByEngine }: Evidence): readonly string[] {
  const all = sum(entriesByEngine);
  return entriesByEngine.flatMap((entries, number) =>
    entries / all < SHARE_MIN
      ? [`engine ${number} made ${entries} of ${all} state entries, ${Math.round((100 * entries) / all)} %`]
      : [],
  );
}

// ---------------------------------------------------------------- P-e

function findBadStops({ stops, runs }: Evidence): readonly string[] {
  return [
    ...stops
      .filter(({ exitCode }) => exitCode !== 0)
      .map(
        ({ process, exitCode }) => `${process} ended with ${exitCode ?? "a signal"}, expected exit code 0`,
      ),
    ...stops
      .filter(({ tookMs }) => tookMs > STOP_MS_MAX)
      .map(
        ({ process, tookMs }) =>
          `${process} took ${Math.round(tookMs)} ms to stop, expected at most ${STOP_MS_MAX}`,
      ),
    ...runs
      .filter(isCutOff)
      .map(({ orderId, state }) => `the history of order ${orderId} does not lead to ${state}`),
    ...runs.flatMap(repeatedEvents),
  ];
}

/** Entries count from 1 without a gap, and the last one led into the state that the run is in. */
function isCutOff({ state, history }: PurchaseRun): boolean {
  return history.at(-1)?.state !== state || history.some(({ version }, index) => version !== index + 1);
}

function repeatedEvents({ orderId, history }: PurchaseRun): readonly string[] {
  const taken = history.filter(({ kind, eventId }) => kind === "event" && eventId !== undefined);
  return repeatsOf(taken, ({ eventId }) => String(eventId)).map(
    ([eventId, count]) => `event ${eventId} of order ${orderId} was taken in ${count} times`,
  );
}

// ---------------------------------------------------------------- P-f

function findErrorsInside({ runs, ledger, deadLetters }: Evidence): readonly string[] {
  const refused = new Set(ledger.filter(({ kind }) => kind === "refused").map(({ orderId }) => orderId));
  return [
    ...runs
      .filter(({ parked }) => parked !== null)
      .map(({ orderId, parked }) => `order ${orderId} is parked: ${parked}`),
    ...runs
      .filter(({ outcome, orderId }) => outcome === "failed" && !refused.has(orderId ?? ""))
      .map(({ orderId }) => `order ${orderId} failed, and the provider has not refused it`),
    ...(deadLetters > 0 ? [`there are ${deadLetters} dead letters`] : []),
  ];
}

// ---------------------------------------------------------------- P-g

function findKeptMoney({ runs, ledger }: Evidence): readonly string[] {
  const outcomes = new Map(runs.map(({ orderId, outcome }) => [orderId, outcome]));
  const idsOf = (wanted: string): Set<string> =>
    new Set(ledger.filter(({ kind }) => kind === wanted).map(({ orderId }) => orderId));
  const [charged, refunded] = [idsOf("charged"), idsOf("refunded")];
  return [
    ...[...charged]
      .filter((orderId) => outcomes.get(orderId) !== "closed" && !refunded.has(orderId))
      .map(
        (id) => `order ${id} was charged and is ${outcomes.get(id) ?? "open or unknown"}, without a refund`,
      ),
    ...runs
      .filter(
        ({ orderId, outcome }) =>
          outcome === "closed" && (!charged.has(orderId ?? "") || refunded.has(orderId ?? "")),
      )
      .map(
        ({ orderId }) =>
          `order ${orderId} is closed and was ${refunded.has(orderId ?? "") ? "refunded" : "never charged"}`,
      ),
  ];
}

// ---------------------------------------------------------------- P-h

function findUnreconciled({ runs, waitedMs }: Evidence): readonly string[] {
  const seconds = Math.round(waitedMs / 1000);
  return runs
    .filter(({ state }) => state === "order-created" || state === "payment-pending")
    .map(({ orderId, state }) => `order ${orderId} is still ${state}, ${seconds} s after the load`);
}

// ---------------------------------------------------------------- P-i

function findUnaccounted({ runs, callers }: Evidence): readonly string[] {
  const known = new Set(runs.map(({ orderId }) => orderId));
  const asked = new Set<string | null>([...callers.acknowledged, ...callers.unanswered]);
  return [
    ...callers.acknowledged
      .filter((id) => !known.has(id))
      .map((id) => `order ${id} was acknowledged and has no run`),
    ...runs
      .filter(({ outcome }) => outcome === null || !ENDS.has(outcome))
      .map(
        ({ orderId, state, outcome }) => `order ${orderId} is ${outcome ?? `in ${state}, without an end`}`,
      ),
    ...[...known]
      .filter((id) => !asked.has(id))
      .map((id) => `order ${id} has a run, and nobody asked for it`),
  ];
}

// ----------------------------------------------------------------

/** What there is more than once, and how often. */
function repeatsOf<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
