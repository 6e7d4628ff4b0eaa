import type { LaneInput } from "../core/inputs.ts";
import { engineError } from "../core/errors.ts";
import type { PeerAnswer, Peers } from "../core/ports.ts";

interface Waiting {
  readonly input: LaneInput;
  readonly resolve: (answer: PeerAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Most inputs in one message to a peer, most messages to it at once, and most inputs that wait for it. */
const INPUTS_PER_MESSAGE_MAX = 200;
const MESSAGES_MAX = 4;
const WAITING_MAX = 10_000;

/** Inputs on their way to other engines. What waits for the same peer travels together. */
export class Forwarding {
  readonly #peers: Peers;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #underWay = new Map<string, number>();

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  /** @throws FLOW_INBOX_FULL (overloaded), and as `Peers.forward` */
  forward(address: string, input: LaneInput): Promise<PeerAnswer> {
    const waiting = this.#waiting.get(address) ?? [];
    this.#waiting.set(address, waiting);
    if (waiting.length >= WAITING_MAX) {
      throw engineError(
        "FLOW_INBOX_FULL",
        `${waiting.length} inputs wait for the engine at ${address}, at most ${WAITING_MAX} may; try again`,
        {
          retryAfterMs: 1_000,
        },
      );
    }
    return new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      this.#pump(address, waiting);
    });
  }

  #pump(address: string, waiting: Waiting[]): void {
    while (waiting.length > 0 && (this.#underWay.get(address) ?? 0) < MESSAGES_MAX) {
      const sent = waiting.splice(0, INPUTS_PER_MESSAGE_MAX);
      this.#count(address, 1);
      void this.#send(address, sent).finally(() => {
        this.#count(address, -1);
        this.#pump(address, waiting);
      });
    }
  }

  #count(address: string, by: number): void {
    const count = (this.#underWay.get(address) ?? 0) + by;
    if (count === 0) this.#underWay.delete(address);
    else this.#underWay.set(address, count);
  }

  async #send(address: string, sent: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#peers.forward(
        address,
        sent.map(({ input }) => input),
      );
      sent.forEach(({ resolve, reject }, at) => {
        const answer = answers[at];
        if (answer === undefined)
          reject(
            engineError(
              "FLOW_OUTCOME_UNKNOWN",
              `the engine at ${address} gave fewer answers than it got inputs`,
            ),
          );
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of sent) reject(error);
    }
  }
}
