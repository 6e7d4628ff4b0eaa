import type { Answer } from "../core/decision.ts";
import { hasCode } from "../core/errors.ts";
import type { LaneInput } from "../core/inputs.ts";
import { roughInputBytes } from "../core/rough-bytes.ts";
import type { InboxRow, LogPort, Store, StoredInboxRow } from "../core/ports.ts";
import { isUnreadable, isUnserved } from "./batch-plan.ts";
import type { QueueItem } from "./queue-item.ts";

/** Most rows of the durable inbox that are taken into the queues at once. */
const INBOX_READ_MAX = 500;

interface InboxDrainPorts {
  readonly store: Pick<Store, "listInbox">;
  readonly log: LogPort;
  enqueue(item: QueueItem): void;
  /** The rules have refused an input whose sender was told that it is kept. */
  refused(input: LaneInput, answer: Answer): void;
}

/** What stands in front of every row of the inbox. */
const HEAD = 0;

/**
 * Takes the durable inbox of our lanes into their queues. A row is deleted by the batch that takes it in; until then it is
 * remembered here, so that it is not queued twice. Queued twice all the same, its id would make it a repeat.
 * Rows may stay: of runs that nobody can read, and of versions that are not served here. Each look goes on behind what the last one saw, so
 * that they keep nobody waiting, and begins at the head again when it has been at the last row.
 */
export class InboxDrain {
  readonly #ports: InboxDrainPorts;
  readonly #underWay = new Set<string>();
  /** The arrival of the first row that stays, by whom it holds back. */
  readonly #kept = new Map<string, number>();
  #behindArrival = HEAD;
  #lanes: ReadonlySet<number> = new Set();

  constructor(ports: InboxDrainPorts) {
    this.#ports = ports;
  }

  async drain(lanes: readonly number[]): Promise<void> {
    // What a new lane has may lie in front of where we are.
    if (lanes.some((lane) => !this.#lanes.has(lane))) this.#behindArrival = HEAD;
    this.#lanes = new Set(lanes);
    if (lanes.length === 0 || this.#underWay.size >= INBOX_READ_MAX) return;
    const behindArrival = this.#behindArrival;
    const rows = await this.#ports.store.listInbox(lanes, INBOX_READ_MAX, behindArrival);
    // A row in front of these has failed meanwhile, and comes first.
    if (this.#behindArrival !== behindArrival) return;
    const last = rows.length < INBOX_READ_MAX ? undefined : rows.at(-1);
    this.#behindArrival = last?.arrival ?? HEAD;
    this.#forgetGone(rows, behindArrival, last?.arrival ?? Number.POSITIVE_INFINITY);
    for (const row of rows) if (!this.#underWay.has(row.inboxId) && !this.#isHeldBack(row)) this.#take(row);
  }

  /** Rows that stayed and that are not where they were: somebody else had the lane, and took them in. */
  #forgetGone(rows: readonly StoredInboxRow[], behindArrival: number, upToArrival: number): void {
    const there = new Set(rows.map(({ arrival }) => arrival));
    for (const [held, arrival] of this.#kept)
      if (arrival > behindArrival && arrival <= upToArrival && !there.has(arrival)) this.#kept.delete(held);
  }

  /** Whether a row of the same run stays that came before: the run may be served, or read, from one moment to the next. */
  #isHeldBack(row: StoredInboxRow): boolean {
    const first = this.#kept.get(heldWith(row));
    return first !== undefined && first < row.arrival;
  }

  #take(row: StoredInboxRow): void {
    const { inboxId, lane, input } = row;
    this.#underWay.add(inboxId);
    this.#ports.enqueue({
      lane,
      runId: input.runId,
      input,
      inboxId,
      bytes: roughInputBytes(input),
      answer: (answer) => {
        this.#underWay.delete(inboxId);
        if (isUnreadable(answer) || isUnserved(answer)) return this.#keep(row, answer);
        if (this.#kept.get(heldWith(row)) === row.arrival) this.#kept.delete(heldWith(row));
        this.#ports.refused(input, answer);
      },
      fail: (error) => {
        if (hasCode(error, "FLOW_UNEXPECTED")) this.#discard(row, error);
        else this.#meetAgain(inboxId);
      },
    });
  }

  /** It failed with others of its run perhaps, so it has to be met again before those that came later. */
  #meetAgain(inboxId: string): void {
    this.#underWay.delete(inboxId);
    this.#behindArrival = HEAD;
  }

  #keep(row: StoredInboxRow, answer: Answer): void {
    const first = this.#kept.get(heldWith(row));
    this.#kept.set(heldWith(row), Math.min(first ?? row.arrival, row.arrival));
    if (first !== undefined || !isUnreadable(answer) || answer.outcome !== "rejected") return;
    const { inboxId, input } = row;
    const { code, message } = answer.error;
    const fields = { runId: input.runId, input: input.kind, inboxId, code };
    this.#ports.log.error(fields, `an input waits in the inbox: ${message}`);
  }

  /** An input that no batch can store would come back for ever. It leaves the inbox, and the log keeps it for whoever looks into it. */
  #discard({ inboxId, lane, input }: InboxRow, error: Error): void {
    this.#ports.log.error(
      { inboxId, runId: input.runId, input, err: error },
      "an input of the durable inbox cannot be stored and is removed; this line is what is left of it",
    );
    this.#ports.enqueue({
      lane,
      runId: input.runId,
      input: null,
      inboxId,
      // Nothing is done to the run, so it need not be read.
      isNew: true,
      answer: () => void this.#underWay.delete(inboxId),
      fail: () => this.#meetAgain(inboxId),
    });
  }
}

/** Inputs of a run wait for each other. An operation does not: it may be what brings the run on, such as a migration to a version that is served. */
function heldWith({ inboxId, input }: InboxRow): string {
  return input.kind === "operation" ? `operation ${inboxId}` : input.runId;
}
