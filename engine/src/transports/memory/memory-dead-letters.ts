import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import type { ReceivedMessage } from "@sluice/contracts/broker-message";
import { DEAD_BODY_BYTES_SHOWN } from "../../core/dead-letter-queue.ts";
import type { DeadLetterQueue, DeadMessage } from "../../core/dead-letter-queue.ts";
import { categoryOf } from "../broker/dead-category.ts";
import { deadLetterQueue, shownHeaders } from "../broker/dead-letter-queue.ts";
import type { Look, Looked } from "../broker/dead-letter-queue.ts";
import type { MemoryQueue } from "./memory-queue.ts";

/** A message among the dead letters, and why it is there. */
export interface Buried {
  readonly message: ReceivedMessage;
  readonly reason: string;
  readonly error: string;
}

/** The dead letters of one queue in this process. */
export class MemoryDeadLetters {
  readonly queue: DeadLetterQueue;
  readonly #name: string;
  readonly #origin: MemoryQueue;
  readonly #letters = new Map<string, Buried>();
  #count = 0;

  constructor(name: string, origin: MemoryQueue) {
    this.#name = name;
    this.#origin = origin;
    this.queue = deadLetterQueue({
      name: `${name}.dead-letters`,
      broker: "memory",
      count: async () => this.#letters.size,
      lookThrough: (_purpose, look) => this.#lookThrough(look),
    });
  }

  bury(letter: Buried): void {
    this.#letters.set(String(++this.#count), letter);
  }

  /** The oldest first. */
  list(): readonly Buried[] {
    return [...this.#letters.values()];
  }

  async #lookThrough(look: Look): Promise<Looked> {
    const letters = [...this.#letters];
    let looked = 0;
    for (const [id, letter] of letters) {
      looked++;
      const discard = async (): Promise<void> => void this.#letters.delete(id);
      const redrive = (): Promise<void> => {
        this.#origin.appendRaw(letter.message);
        return discard();
      };
      if ((await look({ message: this.#show(id, letter), redrive, discard })) === "end") break;
    }
    return { total: letters.length, isWhole: looked === letters.length };
  }

  #show(id: string, { message: { key, headers, body }, reason, error }: Buried): DeadMessage {
    return {
      id,
      category: categoryOf(reason),
      reason,
      error,
      origin: this.#name,
      diedAt: null,
      runId: headers[BROKER_HEADERS.runId] ?? key,
      commandId: headers[BROKER_HEADERS.commandId] ?? null,
      type: headers[BROKER_HEADERS.type] ?? null,
      headers: shownHeaders(headers, () => false),
      body: new TextDecoder().decode(body.subarray(0, DEAD_BODY_BYTES_SHOWN)),
      bodyBytes: body.byteLength,
    };
  }
}
