/**
 * A connection to RabbitMQ that is kept open. Owns: the connection, and the session that `setUp` makes on it.
 * L1  There is at most one session; one that was lost is never given out again.
 * L2  Whatever ends a connection (the broker, the network, a channel that was closed), another is opened until `close`, with backoff and
 *     full jitter: the client does not.
 * L3  Opening and closing are bounded in time: a broker that accepts and says nothing is let go.
 * L4  While the broker blocks the connection (its memory or disk is short) nobody is given the session: what is written then is not read.
 */
import { setTimeout as wait } from "node:timers/promises";
import { connect } from "amqplib";
import type { Channel, ChannelModel, SocketOptions } from "amqplib";
import { kindOf } from "@sluice/contracts/problem";
import { engineError } from "../../core/errors.ts";
import type { LogPort } from "../../core/ports.ts";
import type { BrokerAddress } from "./address.ts";
import { brokerError, faultOf } from "./rabbitmq-fault.ts";
import { waitAgain } from "../broker/waits.ts";

/** Tells a link that its session is of no use any more, and why: an error of the client, or a text. */
export type Lose = (why: unknown) => void;

/** What is made on a connection; its channel is closed before the connection. */
export interface OnChannel {
  readonly channel: Channel;
}

export interface LinkOptions<Session extends OnChannel> {
  readonly address: BrokerAddress;
  /** How long `open` waits for a broker that cannot be reached. */
  readonly connectMs: number;
  /** How the connection is called in the broker's list. */
  readonly name: string;
  readonly log: LogPort;
  readonly setUp: (connection: ChannelModel, lose: Lose) => Promise<Session>;
}

/** How long one try to open may take, setting up included: a cluster that starts settles first who has which queue. */
const OPEN_MS = 15_000;
/** How long a broker may take to say goodbye. */
const CLOSE_MS = 2_000;

interface Opened<Session extends OnChannel> {
  readonly connection: ChannelModel;
  readonly session: Session;
  /** Breaks the connection off. */
  readonly kill: AbortController;
}

export class Link<Session extends OnChannel> {
  readonly #options: LinkOptions<Session>;
  readonly #waiting = new Set<() => void>();
  #opened: Opened<Session> | null = null;
  #ending = new AbortController();
  /** Why there is no session. */
  #down: string;
  #blocked: string | null = null;

  constructor(options: LinkOptions<Session>) {
    this.#options = options;
    this.#down = this.#without("it was not opened");
  }

  /** Null while there is none, or while the broker takes nothing. */
  get session(): Session | null {
    return this.#blocked === null ? (this.#opened?.session ?? null) : null;
  }

  health(): true | string {
    if (this.#opened === null) return this.#down;
    return this.#blocked === null
      ? true
      : `RabbitMQ at ${this.#options.address.shown} takes no messages: ${this.#blocked}`;
  }

  #without(why: string): string {
    return `RabbitMQ at ${this.#options.address.shown} is not connected: ${why}`;
  }

  /** @throws FLOW_BROKER_UNAVAILABLE (unavailable) after `connectMs` · FLOW_BROKER_REFUSED (forbidden), FLOW_BROKER_MISMATCH (conflict) at once */
  async open(): Promise<void> {
    const { connectMs } = this.#options;
    const ending = (this.#ending = new AbortController());
    const startedAtMs = performance.now();
    for (let attempt = 1; ; attempt++) {
      const error = await this.#tryOpen(ending);
      if (error === null) return;
      const isOver = performance.now() - startedAtMs >= connectMs;
      if (kindOf(error) !== "unavailable" || isOver || !(await waitAgain(attempt, ending.signal)))
        throw error;
    }
  }

  /** The session as soon as there is one; null when the signal is aborted before. */
  up(signal: AbortSignal): Promise<Session | null> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.session === null && !signal.aborted) return;
        this.#waiting.delete(look);
        signal.removeEventListener("abort", look);
        resolve(this.session);
      };
      this.#waiting.add(look);
      signal.addEventListener("abort", look);
      look();
    });
  }

  async close(): Promise<void> {
    this.#ending.abort();
    const opened = this.#opened;
    this.#opened = null;
    this.#blocked = null;
    this.#down = this.#without("it was closed");
    if (opened !== null) await sayGoodbye(opened);
  }

  async #tryOpen(ending: AbortController): Promise<Error | null> {
    const { address, log, name } = this.#options;
    try {
      await this.#openOnce(ending);
      return null;
    } catch (error) {
      if (ending.signal.aborted) return engineError("FLOW_STOPPING", this.#without("it is being closed"));
      const failure = brokerError("connection", address, error);
      if (failure.message !== this.#down)
        log.warn({ broker: address.shown, name, reason: failure.message }, "no connection to RabbitMQ");
      this.#down = failure.message;
      return failure;
    }
  }

  async #openOnce(ending: AbortController): Promise<void> {
    const kill = new AbortController();
    const giveUp = (): void => kill.abort();
    const timer = setTimeout(giveUp, OPEN_MS);
    ending.signal.addEventListener("abort", giveUp, { once: true });
    try {
      const connection = await this.#connect(kill.signal);
      const lost = this.#watch(connection, kill, ending);
      const session = await this.#options.setUp(connection, lost.lose);
      if (lost.why !== null) throw lost.why;
      ending.signal.throwIfAborted();
      this.#opened = { connection, session, kill };
      this.#wake();
    } catch (error) {
      kill.abort();
      throw error;
    } finally {
      clearTimeout(timer);
      ending.signal.removeEventListener("abort", giveUp);
    }
  }

  #connect(signal: AbortSignal): Promise<ChannelModel> {
    const { address, name } = this.#options;
    // Node's sockets know `signal`; the types of the client do not, and are narrower about what is undefined.
    const socket = { ...address.tls, noDelay: true, clientProperties: { connection_name: name }, signal };
    return connect(address.connect, socket as SocketOptions);
  }

  /** Notices the end of a connection, whoever brings it about, once. */
  #watch(connection: ChannelModel, kill: AbortController, ending: AbortController) {
    const lost: { why: Error | null; readonly lose: Lose } = {
      why: null,
      lose: (why) => {
        if (lost.why !== null) return;
        lost.why = why instanceof Error ? why : new Error(String(why));
        if (this.#opened?.connection === connection) this.#lose(this.#opened, lost.why, ending);
      },
    };
    connection.on("error", lost.lose);
    connection.on("close", (error?: Error) => {
      lost.lose(error ?? "the connection was closed");
      // After a missed heartbeat the client leaves the socket to its fate.
      kill.abort();
    });
    connection.on("blocked", (reason) => this.#block(connection, reason));
    connection.on("unblocked", () => this.#block(connection, null));
    return lost;
  }

  #block(connection: ChannelModel, reason: string | null): void {
    if (this.#opened?.connection !== connection) return;
    this.#blocked = reason;
    const { log, name, address } = this.#options;
    if (reason === null) log.info({ broker: address.shown, name }, "RabbitMQ takes messages again");
    else log.warn({ broker: address.shown, name, reason }, "RabbitMQ takes no messages for now");
    this.#wake();
  }

  #lose(opened: Opened<Session>, why: Error, ending: AbortController): void {
    const { log, name, address } = this.#options;
    this.#opened = null;
    this.#blocked = null;
    const reason = faultOf(why, address).found;
    this.#down = this.#without(reason);
    log.warn({ broker: address.shown, name, reason }, "lost the connection to RabbitMQ");
    void sayGoodbye(opened);
    void this.#openAgain(ending);
  }

  async #openAgain(ending: AbortController): Promise<void> {
    const { log, name, address } = this.#options;
    for (let attempt = 1; await waitAgain(attempt, ending.signal); attempt++) {
      if ((await this.#tryOpen(ending)) !== null) continue;
      log.info({ broker: address.shown, name, attempt }, "connected to RabbitMQ again");
      return;
    }
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/**
 * Closes the channel first: the client writes the end of a connection past what waits in its channels, acknowledgements among it. All of it
 * takes at most CLOSE_MS.
 */
async function sayGoodbye({ connection, session, kill }: Opened<OnChannel>): Promise<void> {
  const late = new AbortController();
  // Either says no when it is closed already.
  const closed = session.channel
    .close()
    .catch(() => {})
    .then(() => connection.close())
    .catch(() => {});
  await Promise.race([closed, wait(CLOSE_MS, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
  kill.abort();
}
