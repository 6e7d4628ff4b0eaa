/**
 * Replies on their way from a broker into the engine: what every broker's transport does with a message that it has received.
 * B1  A message is done with, and may be acknowledged, when its reply is committed or when it stands among the dead letters with a reason.
 * B2  Replies of one run are handed over one at a time, in the order in which they came; other runs do not wait for them.
 * B3  While the engine cannot take a reply, it is offered again and again, and those of its run wait behind it. What can never be taken
 *     holds nothing up.
 * B4  What is not done with when the intake stops is rejected, so that the broker brings it again. So is what the broker has taken back: it
 *     brings that again in any case.
 */
import { decodeReply } from "@sluice/contracts/broker-message";
import type { DecodedReply, DecodeOptions, ReceivedMessage } from "@sluice/contracts/broker-message";
import { engineError } from "../../core/errors.ts";
import { InOrder } from "../../core/in-order.ts";
import { rest } from "../../core/rest.ts";
import type { Clock, CounterPort, LogPort, MeterPort, TakeReply } from "../../core/ports.ts";
import { againMs } from "./waits.ts";

export interface ReplyIntakeParts extends DecodeOptions {
  /** The channel, for messages and metrics. */
  readonly channel: string;
  readonly take: TakeReply;
  /** Puts a message among the dead letters of the channel, as it came; durable once it resolves. */
  readonly bury: (message: ReceivedMessage, reason: string, error: string) => Promise<void>;
  /** Asked before each try: false once the broker brings the message again whatever is done about it here. Absent: it never does. */
  readonly isWanted?: (message: ReceivedMessage) => boolean;
  /** Most replies handed to the engine at once. */
  readonly repliesMax: number;
  readonly clock: Pick<Clock, "schedule" | "random">;
  readonly log: LogPort;
  readonly meter: MeterPort;
}

export class ReplyIntake {
  readonly #parts: ReplyIntakeParts;
  readonly #order: InOrder;
  readonly #replies: CounterPort;
  readonly #dead: CounterPort;
  /** Ends the waits of those who are to be offered again. */
  readonly #stop = new AbortController();
  /** Why replies are offered again, by the message that waits. */
  readonly #heldUp = new Map<ReceivedMessage, string>();

  constructor(parts: ReplyIntakeParts) {
    this.#parts = parts;
    this.#order = new InOrder(parts.repliesMax);
    this.#replies = parts.meter.counter(
      "sluice_broker_replies_total",
      "Replies that came over a broker, by what became of them.",
      ["channel", "outcome"],
    );
    this.#dead = parts.meter.counter(
      "sluice_broker_dead_replies_total",
      "Replies that were put among the dead letters, by reason.",
      ["channel", "reason"],
    );
  }

  /** True, or why replies wait here. */
  health(): true | string {
    const [why] = this.#heldUp.values();
    return why === undefined ? true : `${this.#heldUp.size} replies wait: ${why}`;
  }

  /**
   * Resolves when the message may be acknowledged; rejects with FLOW_STOPPING (unavailable) when the broker must keep it, and with
   * FLOW_BROKER_UNAVAILABLE (unavailable) when it is not wanted any more.
   */
  async take(message: ReceivedMessage): Promise<void> {
    const decoded = decodeReply(message, this.#parts);
    if ("fault" in decoded) return this.#bury(message, decoded.fault, decoded.message);
    await this.#order.run(decoded.reply.runId, () => this.#bring(message, decoded));
  }

  /** Offers nothing any more, and waits for what the engine has been handed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#order.idle();
  }

  async #bring(message: ReceivedMessage, { reply, trace }: DecodedReply): Promise<void> {
    const { channel, take } = this.#parts;
    const taken = await this.#untilDone(message, () => take(reply, trace));
    this.#replies.inc({ channel, outcome: taken.outcome });
    if (taken.outcome === "refused") await this.#bury(message, taken.code, taken.message);
  }

  async #bury(message: ReceivedMessage, reason: string, error: string): Promise<void> {
    const { channel, bury, log } = this.#parts;
    await this.#untilDone(message, () => bury(message, reason, error));
    this.#dead.inc({ channel, reason });
    log.warn({ channel, key: message.key, reason }, `a reply is a dead letter: ${error}`);
  }

  async #untilDone<T>(message: ReceivedMessage, work: () => Promise<T>): Promise<T> {
    const { channel, clock, log, isWanted } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      if (this.#stop.signal.aborted) throw stopping(channel);
      if (isWanted?.(message) === false) {
        this.#heldUp.delete(message);
        throw takenBack(channel);
      }
      try {
        const done = await work();
        this.#heldUp.delete(message);
        return done;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (attempt === 1)
          log.warn({ channel, err: error }, "a reply cannot be taken in now; it is tried again");
        this.#heldUp.set(message, why);
        await rest(clock.schedule, againMs(attempt, clock.random()), this.#stop.signal);
      }
    }
  }
}

function stopping(channel: string): Error {
  const message = `the transport of channel ${channel} is stopping; the broker keeps the reply and brings it again`;
  return engineError("FLOW_STOPPING", message);
}

function takenBack(channel: string): Error {
  const message = `the connection that brought a reply of channel ${channel} is gone; the broker brings it again`;
  return engineError("FLOW_BROKER_UNAVAILABLE", message);
}
