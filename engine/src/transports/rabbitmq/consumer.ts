/**
 * Messages out of queues, at most `prefetch` of each that are not acknowledged.
 * C1  A delivery is acknowledged on the channel that brought it. Once that is gone it comes again, here or elsewhere, and nothing done for it
 *     here counts.
 * C2  The connection publishes nothing: it is never blocked.
 */
import type { ChannelModel, ConsumeMessage } from "amqplib";
import { waitAtMost } from "../broker/waits.ts";
import { declareQueues } from "./declare-queues.ts";
import type { QueueKind } from "./declare-queues.ts";
import { Link } from "./link.ts";
import type { Lose, OnChannel } from "./link.ts";
import type { ResolvedRabbitmqOptions } from "./options.ts";
import { watchChannel } from "./watch-channel.ts";

const CANCEL_MS = 2_000;

export interface Delivery {
  readonly queue: string;
  readonly message: ConsumeMessage;
  /** False once it comes again whatever is done here. */
  isOurs(): boolean;
  acknowledge(): void;
  /** Back into its queue, in its place. */
  giveBack(): void;
}

export interface ConsumerOptions {
  readonly name: string;
  readonly queues: readonly string[];
  /** The kinds of queues that are declared whenever it connects. */
  readonly kinds: readonly QueueKind[];
  readonly deliver: (delivery: Delivery) => void;
}

interface Session extends OnChannel {
  readonly consumerTags: readonly string[];
}

export class Consumer {
  readonly #options: ResolvedRabbitmqOptions;
  readonly #consumer: ConsumerOptions;
  readonly #link: Link<Session>;
  #isCanceled = false;

  constructor(options: ResolvedRabbitmqOptions, consumer: ConsumerOptions) {
    this.#options = options;
    this.#consumer = consumer;
    const setUp = (connection: ChannelModel, lose: Lose): Promise<Session> => this.#setUp(connection, lose);
    this.#link = new Link({ ...options, name: consumer.name, setUp });
  }

  open(): Promise<void> {
    return this.#link.open();
  }

  health(): true | string {
    return this.#link.health();
  }

  /** No more deliveries, not on another connection either; those handed over may still be acknowledged. */
  async cancel(): Promise<void> {
    this.#isCanceled = true;
    const session = this.#link.session;
    if (session === null) return;
    // A channel that breaks meanwhile delivers nothing either; a broker that is frozen may never answer.
    const canceled = Promise.all(session.consumerTags.map((tag) => session.channel.cancel(tag)));
    await waitAtMost(CANCEL_MS, canceled);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async #setUp(connection: ChannelModel, lose: Lose): Promise<Session> {
    await declareQueues(connection, this.#options, this.#consumer.kinds);
    const channel = await connection.createChannel();
    let isOpen = true;
    watchChannel(channel, (why) => {
      isOpen = false;
      lose(why);
    });
    const onMessage = (queue: string) => (message: ConsumeMessage | null) => {
      if (message === null) {
        isOpen = false;
        lose(`queue ${queue} was deleted`);
        return;
      }
      const settle = (work: () => void): void => void (isOpen && attempt(work));
      this.#consumer.deliver({
        queue,
        message,
        isOurs: () => isOpen,
        acknowledge: () => settle(() => channel.ack(message)),
        giveBack: () => settle(() => channel.nack(message, false, true)),
      });
    };
    // For each consumer of the channel by itself.
    await channel.prefetch(this.#options.prefetch);
    const consumerTags: string[] = [];
    for (const queue of this.#isCanceled ? [] : this.#consumer.queues)
      consumerTags.push((await channel.consume(queue, onMessage(queue))).consumerTag);
    return { channel, consumerTags };
  }
}

/** The client throws when the channel is being closed: then there is nothing to acknowledge, see C1. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    return;
  }
}
