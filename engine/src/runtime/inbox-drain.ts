import type { Store } from "../core/ports.ts";
import type { QueueItem } from "./queue-item.ts";

/** Most rows of the durable inbox that are taken into the queues at once. */
const INBOX_READ_MAX = 500;

interface InboxDrainPorts {
  readonly store: Pick<Store, "listInbox">;
  enqueue(item: QueueItem): void;
}

/**
 * Takes the durable inbox of our lanes into their queues. A row is deleted by the batch that takes it in; until then it is
 * remembered here, so that it is not queued twice. Queued twice all the same, its id would make it a repeat.
 */
export class InboxDrain {
  readonly #ports: InboxDrainPorts;
  readonly #underWay = new Set<string>();

  constructor(ports: InboxDrainPorts) {
    this.#ports = ports;
  }

  async drain(lanes: readonly number[]): Promise<void> {
    if (lanes.length === 0 || this.#underWay.size >= INBOX_READ_MAX) return;
    for (const { inboxId, lane, input } of await this.#ports.store.listInbox(lanes, INBOX_READ_MAX)) {
      if (this.#underWay.has(inboxId)) continue;
      this.#underWay.add(inboxId);
      const done = (): boolean => this.#underWay.delete(inboxId);
      this.#ports.enqueue({ lane, runId: input.runId, input, inboxId, answer: done, fail: done });
    }
  }
}
