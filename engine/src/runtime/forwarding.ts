import type { LaneInput } from "../core/inputs.ts";
import { engineError } from "../core/errors.ts";
import type { PeerAnswer, Peers } from "../core/ports.ts";

interface Waiting {
  readonly input: LaneInput;
  /** How large it is, about. */
  readonly bytes: number;
  readonly resolve: (answer: PeerAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Most inputs in one message to a peer, most messages to it at once, and most inputs that wait for it. */
const INPUTS_PER_MESSAGE_MAX = 200;
/** Far below what the other side takes: counted in characters, a message may have several times as many bytes. */
const MESSAGE_BYTES_MAX = 4_194_304;
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
  forward(address: string, input: LaneInput, bytes: number): Promise<PeerAnswer> {
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
      waiting.push({ input, bytes, resolve, reject });
      this.#pump(address, waiting);
    });
  }

  #pump(address: string, waiting: Waiting[]): void {
    while (waiting.length > 0 && (this.#underWay.get(address) ?? 0) < MESSAGES_MAX) {
      const sent = waiting.splice(0, countOfMessage(waiting));
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

/** How many of those that wait travel in the next message: at least one. */
function countOfMessage(waiting: readonly Waiting[]): number {
  let [count, bytes] = [0, 0];
  for (const each of waiting) {
    bytes += each.bytes;
    if (count === INPUTS_PER_MESSAGE_MAX || (count > 0 && bytes > MESSAGE_BYTES_MAX)) break;
    count++;
  }
  return count;
}
