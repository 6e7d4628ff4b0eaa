/**
 * The outbox relay: committed commands on their way to participants outside the batch.
 * R1  A command leaves only after the commit that issued it, and is settled by an input of its own, so its outbox row stays
 *     unpublished until its outcome is stored.
 * R2  Channels do not wait for each other: each has its own queue and its own bound on calls under way.
 * R3  A command whose run does not wait for it any more is not sent, but settled all the same.
 */
import type { TraceContext } from "@sluice/contracts/broker-message";
import { engineError, toPlainError } from "../core/errors.ts";
import type { Settlement } from "../core/inputs.ts";
import type { LogPort, Tracer, Transport } from "../core/ports.ts";
import { beginAttempts } from "./attempt-trace.ts";
import { messageOf } from "./participants.ts";
import type { OutboxItem } from "./queue-item.ts";

interface RelayPorts {
  readonly log: LogPort;
  readonly tracer: Tracer;
  /** Takes a command over that must not be sent now; false when it may be. */
  hold(item: OutboxItem): boolean;
  isWanted(item: OutboxItem): boolean;
  /** `trace` is the attempt's. */
  settled(item: OutboxItem, settlement: Settlement, trace?: TraceContext): void;
}

/** One channel's queue. What waits here is bounded by the commands of the runs in flight, each of which is stored. */
export class ChannelRelay {
  readonly #transport: Transport;
  readonly #ports: RelayPorts;
  readonly #abort = new AbortController();
  #queue: OutboxItem[] = [];
  #sends = 0;
  #isStill = false;

  constructor(transport: Transport, ports: RelayPorts) {
    this.#transport = transport;
    this.#ports = ports;
  }

  get depth(): number {
    return this.#queue.length;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#sends === 0;
  }

  /** Calls whose outcome is not known yet. */
  get underWay(): number {
    return this.#sends;
  }

  /** What is committed stays here, and what is under way ends, until `goOn`. */
  standStill(): void {
    this.#isStill = true;
  }

  goOn(): void {
    this.#isStill = false;
    this.#pump();
  }

  /** What is pushed together leaves together, as far as the transport takes it. */
  push(items: readonly OutboxItem[]): void {
    for (const item of items) this.#queue.push(item);
    this.#pump();
  }

  /** A lane has gone: its new owner sends what is left. */
  dropLane(lane: number): void {
    this.#queue = this.#queue.filter((item) => item.lane !== lane);
  }

  stop(): void {
    this.#queue = [];
    this.#abort.abort(engineError("FLOW_STOPPING", "the engine is stopping"));
  }

  #pump(): void {
    while (!this.#isStill && this.#queue.length > 0 && this.#sends < this.#transport.sendsMax) {
      const items = this.#takeWanted();
      if (items.length === 0) return;
      this.#sends++;
      void this.#send(items).then(() => {
        this.#sends--;
        this.#pump();
      });
    }
  }

  #takeWanted(): OutboxItem[] {
    const wanted: OutboxItem[] = [];
    let taken = 0;
    for (const item of this.#queue) {
      if (wanted.length === this.#transport.commandsPerSendMax) break;
      taken++;
      if (this.#ports.hold(item)) continue;
      if (this.#ports.isWanted(item)) wanted.push(item);
      else this.#ports.settled(item, WITHDRAWN);
    }
    this.#queue.splice(0, taken);
    return wanted;
  }

  async #send(items: readonly OutboxItem[]): Promise<void> {
    const due = items.map((item) => item.due);
    const spans = beginAttempts(this.#ports.tracer, this.#transport, due);
    const send = () => this.#transport.send(due.map(messageOf), this.#abort.signal, spans?.traces);
    let settlements: readonly Settlement[];
    try {
      settlements = await (spans === null ? send() : spans.run(send));
    } catch (error) {
      const failed: Settlement = { type: "failed", error: toPlainError(error, "FLOW_COMMAND_UNREACHABLE") };
      settlements = items.map(() => failed);
    }
    spans?.end(settlements);
    if (this.#abort.signal.aborted) return;
    // With another count nobody knows which settlement belongs to which command, so none of them is believed.
    const isWhole = settlements.length === items.length;
    items.forEach((item, at) =>
      this.#ports.settled(
        item,
        (isWhole ? settlements[at] : undefined) ?? this.#unsettled(items, settlements),
        spans?.traces[at],
      ),
    );
  }

  #unsettled(items: readonly OutboxItem[], settlements: readonly Settlement[]): Settlement {
    const error = engineError(
      "FLOW_BAD_ANSWER",
      `the transport of channel ${this.#transport.channel} gave ${settlements.length} settlements for ${items.length} commands, expected one each`,
    );
    return { type: "failed", error: toPlainError(error, "FLOW_BAD_ANSWER") };
  }
}

/** For a command nobody waits for; the run takes no notice, the outbox row is settled. */
const WITHDRAWN: Settlement = { type: "delivered" };
