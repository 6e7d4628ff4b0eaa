import { closePostgres, openPostgres } from "@sluice/host/postgres";
import { SHOP_TOPICS } from "../broker.ts";
import type { ShopBroker } from "../broker.ts";
import type { CrowdTotals } from "../crowd/crowd.ts";
import type { LedgerEntry } from "../provider/ledger.ts";
import type { LedgerPage } from "../provider/routes.ts";
import { until } from "../until.ts";
import type { EngineApi, RunRow } from "./engine-api.ts";
import type { Evidence, HeldTicket, PurchaseRun, TappedRecord } from "./evidence.ts";
import { tapTopics } from "./kafka-tap.ts";
import { missingRecords } from "./laws.ts";
import { readCounter } from "./metrics.ts";
import type { ServerProcess } from "./server-process.ts";
import type { ShopProcesses } from "./shop-processes.ts";

export interface EvidenceParts extends Pick<
  Evidence,
  "entriesByEngine" | "calmUntilMs" | "stops" | "waitedMs"
> {
  readonly api: EngineApi;
  readonly shop: ShopProcesses;
  readonly broker: ShopBroker;
  readonly databaseUrl: string;
  /** What has gone into queues so far. */
  readonly published: readonly TappedRecord[];
  /** What all crowds were told. */
  readonly totals: readonly CrowdTotals[];
  /** Dead letters counted by processes that have ended since. */
  readonly deadLettersBefore: number;
}

/** How far the list of runs may be behind. */
const LIST_MS_MAX = 10_000;
const TAP_MS_MAX = 90_000;
const HISTORIES_MAX = 16;
const LEDGER_PAGE_MAX = 1000;

/** Asks everybody, while the shop runs and nobody buys any more. */
export async function collectEvidence(parts: EvidenceParts): Promise<Evidence> {
  const { api, shop, broker, databaseUrl, totals, deadLettersBefore } = parts;
  const { entriesByEngine, calmUntilMs, stops, waitedMs } = parts;
  const callers = {
    acknowledged: totals.flatMap(({ orders }) => orders),
    unanswered: totals.flatMap(({ unanswered }) => unanswered),
  };
  const rows = await listAll(api, callers.acknowledged.length);
  const runs = await readHistories(api, rows);
  return {
    callers,
    runs,
    deadLetters: deadLettersBefore + (await api.countDeadLetters()) + (await countDeadLetters(shop)),
    ledger: await readLedger(shop.provider.url),
    tickets: await readTickets(databaseUrl),
    records: broker.kind === "kafka" ? await tap(broker.brokers, runs) : parts.published,
    entriesByEngine,
    calmUntilMs,
    stops,
    waitedMs,
  };
}

/** State entries of the flow `purchase` that each engine has made since it started. */
export function countEntries(engines: readonly ServerProcess[]): Promise<readonly number[]> {
  return Promise.all(
    engines.map(({ url }) => readCounter(url, "sluice_transitions_total", 'flow="purchase"')),
  );
}

/** Dead letters that the running processes have counted: commands that a service, and replies that an engine could not take in. */
export async function countDeadLetters({
  engines,
  services,
}: Pick<ShopProcesses, "engines" | "services">): Promise<number> {
  const counts = [
    ...engines.map((engine) => deadLettersOf(engine)),
    ...Object.values(services).map((service) => deadLettersOf(service)),
  ];
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

export async function deadLettersOf({ url }: ServerProcess): Promise<number> {
  const asService = await readCounter(url, "sluice_served_dead_total");
  return asService + (await readCounter(url, "sluice_broker_dead_replies_total"));
}

/** The list is a moment behind. What is missing after that, or open, is for the judge. */
async function listAll(api: EngineApi, ordersMin: number): Promise<readonly RunRow[]> {
  let rows: readonly RunRow[] = [];
  const isThere = async (): Promise<boolean> => {
    rows = await api.listRuns();
    return rows.length >= ordersMin && rows.every(({ outcome }) => outcome !== null);
  };
  await until("all runs are listed", isThere, LIST_MS_MAX).catch(() => {});
  return rows;
}

async function readHistories(api: EngineApi, rows: readonly RunRow[]): Promise<readonly PurchaseRun[]> {
  const runs: PurchaseRun[] = [];
  const queue = rows.values();
  const work = async (): Promise<void> => {
    for (const row of queue) runs.push(toRun(row, await api.readHistory(row.runId)));
  };
  await Promise.all(Array.from({ length: HISTORIES_MAX }, work));
  return runs;
}

function toRun(
  { runId, key, state, outcome, parked, createdAt, enteredAt }: RunRow,
  history: PurchaseRun["history"],
): PurchaseRun {
  return {
    runId,
    orderId: key,
    state,
    outcome,
    parked,
    createdAtMs: Date.parse(createdAt),
    enteredAtMs: Date.parse(enteredAt),
    history,
  };
}

async function readLedger(providerUrl: string): Promise<readonly LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for (let after: number | null = 0; after !== null;) {
    const answer = await fetch(`${providerUrl}/ledger?after=${after}&limit=${LEDGER_PAGE_MAX}`);
    if (!answer.ok) throw new Error(`the provider's ledger answered HTTP ${answer.status}, expected 200`);
    const page = (await answer.json()) as LedgerPage;
    entries.push(...page.items);
    after = page.next;
  }
  return entries;
}

/** The table of the tickets service, which is its own. */
async function readTickets(databaseUrl: string): Promise<readonly HeldTicket[]> {
  const sql = await openPostgres(databaseUrl, { applicationName: "sluice-trial-judge", connectionsMax: 1 });
  try {
    return await sql<HeldTicket[]>`
      select ticket_id as "ticketId", order_id as "orderId", concert_id as "concertId", seat, voided_at is not null as "isVoid"
        from ticket_shop.tickets`;
  } finally {
    await closePostgres(sql);
  }
}

function tap(brokers: readonly string[], runs: readonly PurchaseRun[]): Promise<readonly TappedRecord[]> {
  return tapTopics({
    brokers,
    ...SHOP_TOPICS,
    isComplete: (records) => missingRecords(records, runs).length === 0,
    boundMs: TAP_MS_MAX,
  });
}
