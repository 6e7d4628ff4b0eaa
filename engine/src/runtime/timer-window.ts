/**
 * Which stored timers are in memory: the soonest within a horizon, so many at once, read again now and then.
 * X1  Timers that stand still here, because their flow or state is paused or their version is not served, take no place in the window:
 *     it begins behind them, however many there are.
 * X2  What was passed over is looked at again at each new round, and at once when a pause is lifted: runs move on, and deadlines of the
 *     whole flow go with them.
 * X3  A timer that a batch sets is in memory if it is due before the horizon, and is read from the store later if not. None falls between,
 *     since the horizon moves on before each read, and setting one twice is harmless.
 */
import type { Store, StoredTimer } from "../core/ports.ts";

interface TimerWindowPorts {
  readonly store: Pick<Store, "listTimers">;
  /** How far ahead timers are kept in memory. */
  readonly aheadMs: number;
  /** Most timers read at once. */
  readonly readMax: number;
  /** When the next portion is read, where one read was not enough. */
  readonly againMs: number;
  /** Whether a timer would not fire here now. */
  standsStill(timer: StoredTimer): boolean;
}

/** Most reads in one look: they are part of the heartbeat, which must not be held up. */
const READS_MAX = 8;

export class TimerWindow {
  readonly #ports: TimerWindowPorts;
  #horizonMs = 0;
  #readAtMs = 0;
  /** Up to here everything stands still. */
  #passed: StoredTimer | undefined;
  #rounds = 0;

  constructor(ports: TimerWindowPorts) {
    this.#ports = ports;
  }

  /** Timers due later than this are left in the store. */
  get horizonMs(): number {
    return this.#horizonMs;
  }

  /** Begins a new round with the next look. */
  restart(): void {
    this.#rounds++;
    this.#passed = undefined;
    this.#readAtMs = 0;
  }

  /** The first timers of lanes that have just come; if there are more they come with the next look. */
  async begin(lanes: readonly number[], nowMs: number): Promise<readonly StoredTimer[]> {
    const rows = await this.#read(lanes, nowMs, undefined);
    if (this.#isFull(rows)) this.restart();
    return this.#moving(rows);
  }

  /** The timers to have in memory beside those that are; none when it is not yet time to look. */
  async look(lanes: readonly number[], nowMs: number): Promise<readonly StoredTimer[]> {
    if (lanes.length === 0 || nowMs < this.#readAtMs) return [];
    const round = this.#rounds;
    for (let reads = 1; ; reads++) {
      const rows = await this.#read(lanes, nowMs, this.#passed);
      const moving = this.#moving(rows);
      // A new round has begun meanwhile: it reads all of it again.
      if (round !== this.#rounds) return moving;
      const isMore = this.#isFull(rows);
      this.#passed = isMore ? this.#lastStill(rows) : undefined;
      if (isMore && moving.length === 0 && reads < READS_MAX) continue;
      this.#readAtMs = nowMs + this.#restMs(isMore, moving.length > 0);
      return moving;
    }
  }

  /** A backlog fires in portions, so that it does not stampede; what stands still is passed over without a rest. */
  #restMs(isMore: boolean, isMoving: boolean): number {
    const { aheadMs, againMs } = this.#ports;
    if (!isMore) return aheadMs / 2;
    return isMoving ? againMs : 0;
  }

  #read(lanes: readonly number[], nowMs: number, after?: StoredTimer): Promise<readonly StoredTimer[]> {
    const { store, aheadMs, readMax } = this.#ports;
    const dueBeforeMs = nowMs + aheadMs;
    this.#horizonMs = Math.max(this.#horizonMs, dueBeforeMs);
    return store.listTimers({
      lanes,
      dueBeforeMs,
      limit: readMax,
      ...(after === undefined ? {} : { after }),
    });
  }

  #isFull(rows: readonly StoredTimer[]): boolean {
    return rows.length >= this.#ports.readMax;
  }

  #moving(rows: readonly StoredTimer[]): readonly StoredTimer[] {
    return rows.filter((timer) => !this.#ports.standsStill(timer));
  }

  /** The end of what stands still without a gap. */
  #lastStill(rows: readonly StoredTimer[]): StoredTimer | undefined {
    const first = rows.findIndex((timer) => !this.#ports.standsStill(timer));
    const still = first < 0 ? rows.length : first;
    return still === 0 ? this.#passed : rows[still - 1];
  }
}
