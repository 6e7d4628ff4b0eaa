import type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";

interface Held {
  readonly number: number;
  readonly message: ReceivedMessage;
  deliveries: number;
}

/** Carries one message to its consumer; resolves when it may be forgotten, rejects when it must be kept. */
export type Consume = (message: ReceivedMessage, isRedelivered: boolean) => Promise<void>;

export interface Consumption {
  /** Hands over nothing more, and waits for what is handed over, until `signal` is aborted. What is not done with by then stays. */
  stop(signal?: AbortSignal): Promise<void>;
}

/** How long a message rests that its consumer could not take. */
const AGAIN_MS = 5;

/** A queue of messages in this process, with the manners of a broker's: in order, at least once, each kept until it is acknowledged. */
export class MemoryQueue {
  /** In order of arrival; what is handed over is not among them. */
  #waiting: Held[] = [];
  #count = 0;
  #hand: (() => void) | null = null;

  append({ key, headers, body }: BrokerMessage): void {
    this.appendRaw({ key, headers, body: new TextEncoder().encode(body) });
  }

  /** Anything at all, as a broker would take it. */
  appendRaw(message: ReceivedMessage): void {
    this.#waiting.push({ number: this.#count++, message, deliveries: 0 });
    this.#hand?.();
  }

  /** Starts handing over, at most `unacknowledgedMax` messages at once. A queue has one consumer at a time. */
  consume(unacknowledgedMax: number, consume: Consume): Consumption {
    const underWay = new Map<Held, Promise<void>>();
    let isStopped = false;
    const give = async (held: Held): Promise<void> => {
      try {
        await consume(held.message, held.deliveries++ > 0);
      } catch {
        // A consumer that has stopped gives it back before its successor begins; any other gets it again after a rest.
        if (!isStopped) await new Promise((resolve) => void setTimeout(resolve, AGAIN_MS));
        this.#putBack(held);
      } finally {
        underWay.delete(held);
      }
      hand();
    };
    const hand = (): void => {
      while (!isStopped && underWay.size < unacknowledgedMax) {
        const held = this.#waiting.shift();
        if (held === undefined) return;
        underWay.set(held, give(held));
      }
    };
    this.#hand = hand;
    hand();
    return {
      stop: async (signal) => {
        isStopped = true;
        if (this.#hand === hand) this.#hand = null;
        await Promise.race([Promise.all(underWay.values()), aborted(signal)]);
      },
    };
  }

  #putBack(held: Held): void {
    const at = this.#waiting.findIndex(({ number }) => number > held.number);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, held);
    this.#hand?.();
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
