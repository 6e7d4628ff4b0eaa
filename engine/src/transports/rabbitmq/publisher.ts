/**
 * Messages on their way into queues, each with the broker's confirmation.
 * P1  "Confirmed" is said when the queue has the message on disk, on a majority of its brokers. A queue that is not there is told at once.
 * P2  "Unavailable" is said only when nothing was written, or the broker has refused it; otherwise the outcome is unknown.
 * P3  Every message is settled within `attemptMs`; a broker that is away, or takes nothing for now, is waited for meanwhile.
 * P4  The connection reads no queue: a broker that is short of memory stops reading it, and what is read elsewhere goes on.
 */
import { randomUUID } from "node:crypto";
import { IllegalOperationError } from "amqplib";
import type { ChannelModel, ConfirmChannel } from "amqplib";
import { engineError } from "../../core/errors.ts";
import type { Outgoing } from "./amqp-message.ts";
import { declareQueues, namesOf } from "./declare-queues.ts";
import type { QueueKind } from "./declare-queues.ts";
import { Link } from "./link.ts";
import type { Lose, OnChannel } from "./link.ts";
import type { ResolvedRabbitmqOptions } from "./options.ts";
import { watchChannel } from "./watch-channel.ts";

/**
 * Null: it is confirmed. Otherwise
 * FLOW_BROKER_UNAVAILABLE (unavailable) when nothing was written, or the broker has refused it for now ·
 * FLOW_BROKER_MISMATCH (conflict) when the queue is not there ·
 * FLOW_COMMAND_REFUSED (invalid) when AMQP cannot carry it ·
 * FLOW_COMMAND_TIMEOUT (timeout) when it may be in the queue, or not
 */
export type Published = Error | null;

/** Beyond so many a connection is of no use: a broker that confirms nothing, without a word, would fill our memory. */
const UNCONFIRMED_MAX = 20_000;

/** Publishes on one channel; lives as long as that. */
interface Session extends OnChannel {
  publish(message: Outgoing): Promise<Published>;
}

export class Publisher {
  readonly #options: ResolvedRabbitmqOptions;
  readonly #link: Link<Session>;

  /** `kinds`: the queues that are declared whenever it connects. */
  constructor(options: ResolvedRabbitmqOptions, name: string, kinds: readonly QueueKind[]) {
    this.#options = options;
    this.#link = new Link({
      ...options,
      name,
      setUp: (connection, lose) => this.#setUp(connection, lose, kinds),
    });
  }

  /** @throws as `Link.open` */
  open(): Promise<void> {
    return this.#link.open();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  health(): true | string {
    return this.#link.health();
  }

  /** One answer for each message, in order; they are written in order. Ends early when the signal is aborted. */
  async publish(messages: readonly Outgoing[], signal: AbortSignal): Promise<readonly Published[]> {
    const bound = startBound(this.#options.attemptMs, signal);
    try {
      const session = signal.aborted ? null : await this.#link.up(bound.signal);
      if (session === null) return messages.map(({ queue }) => unsent(queue, this.#why(signal)));
      return await Promise.all(
        messages.map((message) =>
          Promise.race([session.publish(message), bound.over.then((why) => unknown(message.queue, why))]),
        ),
      );
    } finally {
      bound.end();
    }
  }

  /** The same for one, which is thrown when it is not confirmed. */
  async publishOne(message: Outgoing, signal: AbortSignal): Promise<void> {
    const [error = null] = await this.publish([message], signal);
    if (error !== null) throw error;
  }

  #why({ aborted }: AbortSignal): string {
    const health = this.#link.health();
    return aborted || health === true ? "it was not waited for" : health;
  }

  async #setUp(connection: ChannelModel, lose: Lose, kinds: readonly QueueKind[]): Promise<Session> {
    await declareQueues(connection, this.#options, kinds);
    const channel = await connection.createConfirmChannel();
    watchChannel(channel, lose);
    const declared = new Set(kinds.flatMap((kind) => namesOf(this.#options, kind)));
    return openSession(channel, declared, lose);
  }
}

function openSession(channel: ConfirmChannel, declared: ReadonlySet<string>, lose: Lose): Session {
  // The broker gives back what it cannot route, and only then confirms it.
  const returned = new Set<string>();
  let unconfirmed = 0;
  channel.on("return", ({ fields, properties }) => {
    returned.add(String(properties.messageId));
    // A queue of ours that was deleted is declared again with the next connection.
    if (declared.has(fields.routingKey)) setImmediate(() => lose(`queue ${fields.routingKey} was deleted`));
  });

  const write = ({ queue, content, properties }: Outgoing, settle: (published: Published) => void): void => {
    const messageId = randomUUID();
    const sure = { ...properties, messageId, persistent: true, mandatory: true };
    channel.publish("", queue, content, sure, (error: Error | null) => {
      unconfirmed--;
      settle(publishedBy(queue, error, returned.delete(messageId)));
    });
    unconfirmed++;
  };
  return {
    channel,
    publish: (message) =>
      new Promise((resolve) => {
        if (unconfirmed >= UNCONFIRMED_MAX) {
          const why = `${unconfirmed} messages are not confirmed`;
          lose(why);
          resolve(unsent(message.queue, why));
          return;
        }
        try {
          write(message, resolve);
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          resolve(
            error instanceof IllegalOperationError ? unsent(message.queue, why) : unfit(message.queue, why),
          );
        }
      }),
  };
}

/** What the client says when the broker refuses a message, in place of confirming it. */
const NACKED = "message nacked";

function publishedBy(queue: string, error: Error | null, isReturned: boolean): Published {
  if (error !== null)
    return error.message === NACKED
      ? unsent(queue, "the queue takes no messages")
      : unknown(queue, "the connection was lost before it was confirmed");
  if (!isReturned) return null;
  const message = `there is no queue ${queue} at the broker; start the side that makes it, or make it`;
  return engineError("FLOW_BROKER_MISMATCH", message);
}

function unsent(queue: string, why: string): Error {
  return engineError("FLOW_BROKER_UNAVAILABLE", `a message for queue ${queue} was not sent: ${why}`);
}

function unknown(queue: string, why: string): Error {
  return engineError("FLOW_COMMAND_TIMEOUT", `whether queue ${queue} has a message is unknown: ${why}`);
}

function unfit(queue: string, why: string): Error {
  return engineError("FLOW_COMMAND_REFUSED", `AMQP cannot carry a message for queue ${queue}: ${why}`);
}

/** One bound for all messages of a call, by hand: it is ended with the call, so that no timer is left behind. */
function startBound(attemptMs: number, signal: AbortSignal) {
  const abort = new AbortController();
  const over = Promise.withResolvers<string>();
  const end = (why: string): void => {
    over.resolve(why);
    abort.abort();
  };
  const onAbort = (): void => end("it was not waited for any more");
  const timer = setTimeout(() => end(`it was not confirmed within ${attemptMs} ms (attemptMs)`), attemptMs);
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    signal: abort.signal,
    over: over.promise,
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    },
  };
}
