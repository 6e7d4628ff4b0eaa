import type { Answer } from "../core/decision.ts";
import { hasCode } from "../core/errors.ts";
import type { LaneInput } from "../core/inputs.ts";
import { roughInputBytes } from "../core/rough-bytes.ts";
import type { InboxRow, LogPort, Store } from "../core/ports.ts";
import { isUnreadable } from "./batch-plan.ts";
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

/**
 * Takes the durable inbox of our lanes into their queues. A row is deleted by the batch that takes it in; until then it is
 * remembered here, so that it is not queued twice. Queued twice all the same, its id would make it a repeat.
 */
export class InboxDrain {
  readonly #ports: InboxDrainPorts;
  readonly #underWay = new Set<string>();
  /** Rows of runs that nobody can read: they stay until somebody can, and are told of once. */
  #unreadable = new Set<string>();

  constructor(ports: InboxDrainPorts) {
    this.#ports = ports;
  }

  async drain(lanes: readonly number[]): Promise<void> {
    if (lanes.length === 0 || this.#underWay.size >= INBOX_READ_MAX) return;
    const rows = await this.#ports.store.listInbox(lanes, INBOX_READ_MAX);
    this.#unreadable = this.#unreadable.intersection(new Set(rows.map(({ inboxId }) => inboxId)));
    for (const row of rows) {
      if (this.#underWay.has(row.inboxId)) continue;
      this.#underWay.add(row.inboxId);
      this.#take(row);
    }
  }

  #take(row: InboxRow): void {
    const { inboxId, lane, input } = row;
    this.#ports.enqueue({
      lane,
      runId: input.runId,
      input,
      inboxId,
      bytes: roughInputBytes(input),
      answer: (answer) => {
        this.#underWay.delete(inboxId);
        if (isUnreadable(answer)) this.#noteUnreadable(row, answer);
        else this.#ports.refused(input, answer);
      },
      fail: (error) => {
        if (hasCode(error, "FLOW_UNEXPECTED")) this.#discard(row, error);
        else this.#underWay.delete(inboxId);
      },
    });
  }

  #noteUnreadable({ inboxId, input: { runId, kind } }: InboxRow, answer: Answer): void {
    if (answer.outcome !== "rejected" || this.#unreadable.has(inboxId)) return;
    this.#unreadable.add(inboxId);
    const { code, message } = answer.error;
    this.#ports.log.error({ runId, input: kind, inboxId, code }, `an input waits in the inbox: ${message}`);
  }

  /** An input that no batch can store would come back for ever. It leaves the inbox, and the log keeps it for whoever looks into it. */
  #discard({ inboxId, lane, input }: InboxRow, error: Error): void {
    this.#ports.log.error(
      { inboxId, runId: input.runId, input, err: error },
      "an input of the durable inbox cannot be stored and is removed; this line is what is left of it",
    );
    const done = (): boolean => this.#underWay.delete(inboxId);
    this.#ports.enqueue({
      lane,
      runId: input.runId,
      input: null,
      inboxId,
      // Nothing is done to the run, so it need not be read.
      isNew: true,
      answer: done,
      fail: done,
    });
  }
}
