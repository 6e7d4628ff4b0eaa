/** Starts and events over HTTP, written down with what was answered. */
import type { CallerLedger, EventRecord, Random, Report, StartRecord } from "@sluice/engine/random-flows";
import type { SentEvent, StartedRun } from "../../../wire.ts";
import { RECORDED } from "./outside.ts";
import type { Outside } from "./outside.ts";

export interface Asking {
  readonly outside: Outside;
  readonly ledger: CallerLedger;
  readonly random: Random;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** @default that of `Outside` */
  readonly againMsMax?: number;
  /** The address of the one engine that is asked. @default any of those that `Outside` knows */
  readonly url?: string;
}

/** Accepted, and to be decided by whoever owns the lane next. */
const ACCEPTED = 202;

export async function askStart(
  asking: Asking,
  wish: Pick<StartRecord, "flow" | "key" | "idempotencyKey" | "data">,
  attemptsMax: number,
): Promise<StartRecord> {
  const record: StartRecord = { ...wish, runId: null, isDecided: false, refusal: null, isMaybe: false };
  asking.ledger.starts.push(record);
  const { flow, key, idempotencyKey, data } = wish;
  const ending = await asking.outside.persist(
    {
      path: `/v1/flows/${flow}/runs`,
      body: { data, ...(key === null ? {} : { key }) },
      ...(idempotencyKey === null ? {} : { idempotencyKey }),
    },
    asking.random,
    { attemptsMax, ...patienceOf(asking) },
  );
  if (ending.type === "refused") record.refusal = ending.code;
  if (ending.type !== "done") {
    record.isMaybe = ending.isMaybe;
    return record;
  }
  record.runId = (ending.body as StartedRun).runId;
  record.isDecided = ending.status !== ACCEPTED;
  return record;
}

/** Asks once more for the same event; `record` gets what is answered. */
export async function askEvent(asking: Asking, record: EventRecord, attemptsMax: number): Promise<void> {
  const { runId, id, type, data } = record;
  const ending = await asking.outside.persist(
    { path: `/v1/runs/${runId}/events`, body: { id, type, data } },
    asking.random,
    { attemptsMax, ...patienceOf(asking) },
  );
  if (ending.type === "done") return void record.answers.push(ending.body as SentEvent);
  record.isMaybe ||= ending.isMaybe;
  if (ending.type === "gave-up") return;
  if (RECORDED.has(ending.code)) record.answers.push({ outcome: "unexpected", version: null });
  else record.refusal = ending.code;
}

function patienceOf({ signal, againMsMax, url }: Asking) {
  return {
    signal,
    ...(againMsMax === undefined ? {} : { againMsMax }),
    ...(url === undefined ? {} : { url }),
  };
}
