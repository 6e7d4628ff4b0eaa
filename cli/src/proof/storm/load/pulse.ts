/** One run in each lane that is told something on purpose, to see that the lane is served: what a caller of that lane would notice. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EventRecord, StartRecord } from "@sluice/engine/random-flows";
import { Random } from "@sluice/engine/random-flows";
import { BEAT, PULSE_FLOW, REST } from "../storm-flows.ts";
import { askEvent, askStart } from "./ask.ts";
import type { Asking } from "./ask.ts";
import type { Outside } from "./outside.ts";

interface PulsePorts extends Omit<Asking, "random"> {
  readonly seed: number;
  readonly lanes: number;
  readonly outside: Outside;
}

/** A key falls into any lane; so many are tried for each lane on average. */
const STARTS_PER_LANE_MAX = 100;
/** How closely a beat looks. */
const AGAIN_MS_MAX = 40;

export class Pulse {
  readonly #asking: Asking;
  /** By lane. */
  readonly #runIds = new Map<number, string>();
  #beats = 0;

  private constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** @throws when a lane gets no run, however many are started */
  static async start(ports: PulsePorts): Promise<Pulse> {
    const random = new Random(ports.seed).fork("pulse");
    const pulse = new Pulse({ ...ports, random, againMsMax: AGAIN_MS_MAX });
    for (let nth = 1; pulse.#runIds.size < ports.lanes && !ports.signal.aborted; nth++) {
      if (nth > ports.lanes * STARTS_PER_LANE_MAX) throw new Error("some lane gets no run");
      await pulse.#found(await pulse.#startRun(`pulse ${nth}`));
    }
    return pulse;
  }

  /** Tells one run in each of these lanes, and waits until it is decided: how long that took from `sinceMs` on, by lane. */
  async beat(lanes: readonly number[], sinceMs: number, signal: AbortSignal): Promise<Map<number, number>> {
    const tookMs = new Map<number, number>();
    const tell = async (lane: number): Promise<void> => {
      if (await this.#tell(lane, BEAT, signal)) tookMs.set(lane, performance.now() - sinceMs);
    };
    await Promise.all(lanes.map(tell));
    return tookMs;
  }

  beatAll(sinceMs: number, signal: AbortSignal): Promise<Map<number, number>> {
    return this.beat([...this.#runIds.keys()], sinceMs, signal);
  }

  /** Tells one run in each of these lanes through this engine alone, until it has decided that or passed it on: the lane is not its own. */
  async tellThrough(url: string, lanes: readonly number[], signal: AbortSignal): Promise<void> {
    const tell = (lane: number): Promise<void> => {
      const record = this.#record(this.#runIds.get(lane) ?? "", BEAT);
      return askEvent({ ...this.#asking, signal, url }, record, Number.POSITIVE_INFINITY);
    };
    await Promise.all(lanes.map(tell));
  }

  /** Every run comes to its end. */
  async rest(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#runIds.keys()].map((lane) => this.#tell(lane, REST, signal)));
  }

  async #startRun(tag: string): Promise<StartRecord> {
    const wish = { flow: PULSE_FLOW, key: tag, idempotencyKey: null, data: { tag, n: 0 } };
    return askStart(this.#asking, wish, Number.POSITIVE_INFINITY);
  }

  async #found({ runId }: StartRecord): Promise<void> {
    if (runId === null) return;
    const { outside, random, signal } = this.#asking;
    const patience = { attemptsMax: Number.POSITIVE_INFINITY, signal };
    const ending = await outside.persist({ path: `/v1/runs/${runId}` }, random, patience);
    if (ending.type !== "done") return;
    const { lane } = ending.body as { readonly lane: number };
    // A second run in a lane only has to end.
    if (this.#runIds.has(lane)) await this.#send(runId, REST, signal);
    else this.#runIds.set(lane, runId);
  }

  async #tell(lane: number, type: string, signal: AbortSignal): Promise<boolean> {
    return this.#send(this.#runIds.get(lane) ?? "", type, signal);
  }

  /** Whether it was decided: an answer that it is only kept for later is asked for again under the same id. */
  async #send(runId: string, type: string, signal: AbortSignal): Promise<boolean> {
    const record = this.#record(runId, type);
    const isDecided = (): boolean => record.answers.some(({ outcome }) => outcome !== "accepted");
    while (!isDecided() && record.refusal === null && !signal.aborted) {
      await askEvent({ ...this.#asking, signal }, record, Number.POSITIVE_INFINITY);
      if (!isDecided()) await sleep(AGAIN_MS_MAX, undefined, { signal }).catch(() => {});
    }
    return isDecided();
  }

  #record(runId: string, type: string): EventRecord {
    const record: EventRecord = {
      runId,
      id: `beat-${++this.#beats}`,
      type,
      data: {},
      answers: [],
      refusal: null,
      isMaybe: false,
    };
    this.#asking.ledger.events.push(record);
    return record;
  }
}
