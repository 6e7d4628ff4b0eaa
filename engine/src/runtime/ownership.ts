/**
 * Lane ownership: which lanes this process may write, and where the others are.
 * O1  A lease is kept by heartbeat and judged by the store's clock alone; it decides when others may take a lane, never what commits:
 *     that is the fence's work (epoch and batch number in the lane's row). What takes long between two heartbeats keeps the lease meanwhile.
 * O2  Lanes are shared evenly among the engines that are alive; who has more than its share gives lanes up in good order.
 * O3  A claimed lane is installed only when its unsettled commands, its near timers and its unprojected runs are in hand,
 *     so that nothing of the former owner is forgotten.
 * O4  An engine has no lanes while another can carry on all that it can and more: in a rolling deployment the newer one gets them all, so
 *     that no run meets an owner that does not know its version.
 * O5  Lanes that move in good order wait for no lease and no heartbeat: who joins, who leaves, who gives lanes up and who takes them tells the
 *     others. So few commands as can be are under way then, for the next owner sends again what is not settled.
 * O6  An engine keeps no lane that it cannot take over: it gives back what it has claimed and leaves it to the others for a while.
 */
import type {
  ClaimedLane,
  Clock,
  EngineRow,
  Heartbeat,
  LaneRow,
  LogPort,
  OutboxRow,
  Store,
  StoredTimer,
  TimerRow,
} from "../core/ports.ts";
import type { Run } from "../core/run.ts";
import { readReadable } from "../core/unreadable.ts";
import { Broadcast } from "./broadcast.ts";
import { failureReason } from "./failure-reason.ts";
import { Signal } from "./signal.ts";
import { TimerWindow } from "./timer-window.ts";
import type { Writer } from "./writer.ts";

/** The runs of commands that nobody has settled. */
export interface UnsettledRuns {
  readonly found: ReadonlyMap<string, Run>;
  /** What is wrong with those that cannot be read, by their ids. */
  readonly faults: ReadonlyMap<string, string>;
}

interface OwnershipPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly engineId: string;
  readonly address: string | null;
  readonly lanes: number;
  readonly leaseMs: number;
  /** The versions of flows that this engine can carry on. */
  readonly serves: readonly string[];
  /** Most timers read at once. Past it the rest is read a moment later. */
  readonly timersReadMax: number;
  /** Whether a timer would not fire here now. */
  standsStill(timer: StoredTimer): boolean;
  writerOf(lane: number): Writer;
  /** A claimed lane, with what its former owner left unsettled. */
  install(lane: ClaimedLane, timers: readonly TimerRow[], runs: UnsettledRuns): void;
  /** A lane that is no longer ours. */
  removed(lane: number): void;
  /** Rows of the durable inbox and of the projection that nobody has taken in. */
  caughtUp(lanes: readonly ClaimedLane[]): Promise<void>;
  /** What an owner looks after at each beat. */
  tend(lanes: readonly number[]): Promise<void>;
  lanesLost(count: number): void;
  /** Nothing new is sent from here on, and what is under way has ended or had its time, until the answer is called. */
  standStill(withinMs: number): Promise<() => void>;
  /** Tells the engines at these addresses that lanes have moved. */
  lanesMoved(addresses: readonly string[]): void;
}

/** How far ahead timers are kept in memory at least (a beat comes three times in a lease), and the rest between two portions of a backlog at most. */
const TIMER_HORIZON_MS = 60_000;
const TIMERS_AGAIN_MS = 1_000;
/** For so many leases what could not be taken over is left to the others: at first and at most, doubling. */
const REST_LEASES_FIRST = 1;
const REST_LEASES_MAX = 16;
/** So long after a lease was to end it has ended, by the clock of the store too. */
const EXPIRY_MARGIN_MS = 5;
/** The store's clock is only estimated between heartbeats; what a new owner projects again reaches back this much further. */
export const CLOCK_MARGIN_MS = 10_000;

export class Ownership {
  readonly #ports: OwnershipPorts;
  readonly #held = new Map<number, number>();
  #directory = new Map<number, LaneRow>();
  #offsetMs = 0;
  #nowFloorMs = 0;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** Why the last heartbeat failed. */
  #silence = "it has not answered yet";
  #isStopping = false;
  /** The others count without this engine. */
  #isLeaving = false;
  /** Heartbeats: how many have begun, and the last one that ended well. */
  #begun = 0;
  #ended = 0;
  /** At the last heartbeat. */
  #others: readonly EngineRow[] = [];
  /** Claims in a row whose lanes could not be taken over, and until when the others may do it. */
  #failedClaims = 0;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #wake = new Signal();
  #finished: Promise<void> = Promise.resolve();
  readonly #changed: Broadcast;
  readonly #window: TimerWindow;

  constructor(ports: OwnershipPorts) {
    this.#ports = ports;
    this.#changed = new Broadcast(ports.clock);
    this.#window = new TimerWindow({
      store: ports.store,
      aheadMs: Math.max(TIMER_HORIZON_MS, ports.leaseMs),
      readMax: ports.timersReadMax,
      againMs: Math.min(TIMERS_AGAIN_MS, ports.leaseMs),
      standsStill: ports.standsStill,
    });
  }

  /** Joins the deployment; resolves when every lane has an owner. */
  async start(): Promise<void> {
    await this.#beat();
    this.#finished = this.#loop();
    this.#tellOthers();
    while (!this.#everyLaneIsOwned() && !this.#isStopping) await this.changed(this.#ports.leaseMs);
  }

  /** Whether there is another engine that could have the lanes. */
  get hasSuccessor(): boolean {
    return this.#others.some(({ serves }) => serves.length > 0);
  }

  /** Looks now, not at the next heartbeat. */
  look(): void {
    this.#wake.notify();
  }

  /** Waits for a heartbeat that begins now: who else is there, and where each lane is. Not longer than this, and not before the start. */
  async refresh(withinMs: number): Promise<void> {
    if (this.#ended === 0) return;
    const { clock } = this.#ports;
    const untilMs = clock.monotonicMs() + withinMs;
    const wanted = this.#begun + 1;
    this.look();
    for (let leftMs = withinMs; leftMs > 0 && this.#ended < wanted && !this.#isStopping;) {
      await this.changed(leftMs);
      leftMs = untilMs - clock.monotonicMs();
    }
  }

  /**
   * Lets the others have every lane, and goes on knowing where each is. Resolves when each has its new owner, or after `withinMs`; what is
   * left here by then stays until somebody else can have it.
   */
  async handOver(withinMs: number): Promise<void> {
    const { clock } = this.#ports;
    const untilMs = clock.monotonicMs() + withinMs;
    this.#isLeaving = true;
    await this.refresh(withinMs);
    // Somebody may be about to leave a lane to this one.
    this.#tellOthers();
    for (let leftMs = withinMs; leftMs > 0 && !this.#isHandedOver(); leftMs = untilMs - clock.monotonicMs())
      await this.changed(leftMs);
  }

  /** Also when nobody is there any more to whom they could go: all others stop as well. */
  #isHandedOver(): boolean {
    return this.#isStopping || !this.hasSuccessor || this.#everyLane((lane) => this.#isOfAnother(lane));
  }

  #isOfAnother(lane: number): boolean {
    const owner = this.ownerOf(lane);
    return !this.#held.has(lane) && owner !== null && owner.engineId !== this.#ports.engineId;
  }

  /** Ends the heartbeat and gives every lane up. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake.notify();
    await this.#finished;
    await this.#release([...this.#held.keys()]);
    await this.#ports.store.leave(this.#ports.engineId);
  }

  /** The store's time as this process knows it; it never goes back. */
  nowMs(): number {
    this.#nowFloorMs = Math.max(
      this.#nowFloorMs,
      Math.floor(this.#ports.clock.monotonicMs() + this.#offsetMs),
    );
    return this.#nowFloorMs;
  }

  timerHorizonMs(): number {
    return this.#window.horizonMs;
  }

  /** A pause was lifted: timers that it kept are read again now. */
  readTimersAgain(): void {
    this.#window.restart();
    this.#wake.notify();
  }

  get heldLanes(): readonly number[] {
    return [...this.#held.keys()];
  }

  ownerOf(lane: number): { readonly engineId: string; readonly address: string | null } | null {
    const row = this.#directory.get(lane);
    return row === undefined || row.ownerId === null || row.leaseMs <= 0
      ? null
      : { engineId: row.ownerId, address: row.ownerAddress };
  }

  changed(waitMs: number): Promise<void> {
    return this.#changed.wait(waitMs);
  }

  /** Lanes whose position nobody here knows any more: they are claimed again, by us or by whoever comes first. */
  forget(lanes: readonly number[]): void {
    const forgotten = lanes.filter((lane) => this.#held.delete(lane));
    if (forgotten.length === 0) return;
    for (const lane of forgotten) this.#ports.removed(lane);
    this.#ports.lanesLost(forgotten.length);
    this.#wake.notify();
  }

  readiness(): true | string {
    const silentMs = this.#ports.clock.monotonicMs() - this.#heardAtMs;
    if (silentMs > 2 * this.#ports.leaseMs)
      return `no heartbeat to the store for ${Math.round(silentMs)} ms: ${this.#silence}`;
    return this.#everyLaneIsOwned() ? true : "some lanes have no owner yet";
  }

  #everyLaneIsOwned(): boolean {
    return this.#everyLane((lane) => this.#held.has(lane) || this.ownerOf(lane) !== null);
  }

  #everyLane(holds: (lane: number) => boolean): boolean {
    for (let lane = 0; lane < this.#ports.lanes; lane++) if (!holds(lane)) return false;
    return true;
  }

  async #loop(): Promise<void> {
    while (!this.#isStopping) {
      const disarm = this.#ports.clock.schedule(this.#untilNextBeatMs(), () => this.#wake.notify());
      await this.#wake.wait();
      disarm();
      if (this.#isStopping) return;
      try {
        await this.#beat();
      } catch (error) {
        this.#silence = failureReason(error);
        this.#ports.log.warn({ err: error }, "a heartbeat failed and is tried again");
      }
    }
  }

  /** Three beats in a lease; earlier when somebody else's lease ends before, so that its lanes are not without an owner until then. */
  #untilNextBeatMs(): number {
    const sinceMs = this.#ports.clock.monotonicMs() - this.#heardAtMs;
    const leftMs = [...this.#directory.values()]
      .filter(({ laneId, leaseMs }) => !this.#held.has(laneId) && leaseMs > sinceMs)
      .map(({ leaseMs }) => leaseMs - sinceMs + EXPIRY_MARGIN_MS);
    return Math.min(this.#ports.leaseMs / 3, ...leftMs);
  }

  async #beat(): Promise<void> {
    const { engineId, clock } = this.#ports;
    const beat = ++this.#begun;
    const sentMs = clock.monotonicMs();
    const heartbeat = await this.#heartbeat();
    this.#others = heartbeat.engines.filter((engine) => engine.engineId !== engineId);
    this.#heardAtMs = sentMs;
    // Counted from the arrival of the answer, so this clock is behind the store's by the way back and never ahead: no timer fires early.
    this.#offsetMs = heartbeat.nowMs - clock.monotonicMs();
    this.#directory = new Map(heartbeat.lanes.map((lane) => [lane.laneId, lane]));
    this.#notice(heartbeat.lanes);
    await this.#keepingLease(() => this.#balance(heartbeat));
    await this.#lookForTimers();
    await this.#ports.tend(this.heldLanes);
    this.#ended = beat;
    this.#changed.notify();
  }

  #heartbeat(): Promise<Heartbeat> {
    const { store, engineId, address, leaseMs } = this.#ports;
    // Who serves nothing gets nothing (O4).
    const serves = this.#isLeaving || this.#isResting() ? [] : this.#ports.serves;
    return store.heartbeat({ engineId, address, leaseMs, serves });
  }

  /** Lanes change hands more slowly than a lease lasts where much is to be read: whoever does that is alive, and keeps what it has (O1). */
  async #keepingLease(work: () => Promise<void>): Promise<void> {
    const { clock, leaseMs, log } = this.#ports;
    let isOver = false;
    let disarm: () => void = () => {};
    let renewal: Promise<void> = Promise.resolve();
    const arm = (): void => {
      disarm = clock.schedule(leaseMs / 3, () => {
        renewal = renew();
      });
    };
    const renew = async (): Promise<void> => {
      await this.#heartbeat().catch((error: unknown) =>
        log.debug({ err: error }, "the lease was not renewed within a heartbeat and is tried again"),
      );
      if (!isOver) arm();
    };
    arm();
    try {
      await work();
    } finally {
      isOver = true;
      disarm();
      // One that arrives later would bring back an engine that has left.
      await renewal;
    }
  }

  /** Lanes that somebody else has taken, or taken and left again: our epoch is over. */
  #notice(lanes: readonly LaneRow[]): void {
    const gone = lanes.filter(({ laneId, epoch }) => {
      const ours = this.#held.get(laneId);
      return ours !== undefined && epoch > ours;
    });
    this.forget(gone.map(({ laneId }) => laneId));
  }

  async #balance(heartbeat: Heartbeat): Promise<void> {
    const unheld = heartbeat.lanes.filter(
      ({ laneId, ownerId }) => ownerId === this.#ports.engineId && !this.#held.has(laneId),
    );
    const share = this.#isResting() ? this.#held.size : this.#fairShare(heartbeat);
    const surplus = this.#held.size - share;
    if (surplus > 0) await this.#release([...this.#held.keys()].slice(0, surplus));
    if (surplus < 0)
      await this.#claim(heartbeat.lanes.filter((lane) => this.#isFree(lane)).slice(0, -surplus));
    await this.#leaveUnheld(unheld);
  }

  /** Lanes that are ours in the store only, and stay so beyond our share: the heartbeat would keep their lease, and nobody would serve them. */
  async #leaveUnheld(unheld: readonly LaneRow[]): Promise<void> {
    const left = unheld.filter(({ laneId }) => !this.#held.has(laneId));
    if (left.length > 0) await this.#ports.store.leaveLanes(this.#ports.engineId, left);
  }

  /** An even part of the lanes; the first engines in the order of their ids take the remainder. */
  #fairShare({ engines }: Heartbeat): number {
    const ids = engines
      .filter(isEligible)
      .map(({ engineId }) => engineId)
      .sort();
    const isKnown = engines.some(({ engineId }) => engineId === this.#ports.engineId);
    const rank = isKnown ? ids.indexOf(this.#ports.engineId) : 0;
    if (rank < 0) return 0;
    const alive = Math.max(1, ids.length);
    return Math.floor(this.#ports.lanes / alive) + (rank < this.#ports.lanes % alive ? 1 : 0);
  }

  #isFree({ laneId, ownerId, leaseMs }: LaneRow): boolean {
    if (this.#held.has(laneId)) return false;
    return ownerId === null || ownerId === this.#ports.engineId || leaseMs <= 0;
  }

  async #claim(free: readonly LaneRow[]): Promise<void> {
    if (free.length === 0 || this.#isStopping) return;
    const { store, engineId, leaseMs } = this.#ports;
    let claimed: readonly ClaimedLane[] = [];
    try {
      claimed = await store.claimLanes({ engineId, laneIds: free.map(({ laneId }) => laneId), leaseMs });
      if (claimed.length === 0) return;
      await this.#takeOver(claimed);
      this.#failedClaims = 0;
    } catch (error) {
      await this.#giveBack(claimed);
      throw error;
    }
  }

  async #takeOver(claimed: readonly ClaimedLane[]): Promise<void> {
    // Time does not go back on a lane, however far behind this clock may be: what we write is dated after what is projected already.
    this.#nowFloorMs = Math.max(this.#nowFloorMs, ...claimed.map(({ projectedAtMs }) => projectedAtMs));
    const laneIds = claimed.map(({ laneId }) => laneId);
    const [runs, timers] = await Promise.all([
      this.#readRuns(claimed.flatMap(({ unpublished }) => unpublished)),
      this.#window.begin(laneIds, this.nowMs()),
      this.#ports.caughtUp(claimed),
    ]);
    for (const lane of claimed) {
      this.#ports.install(
        lane,
        timers.filter((timer) => timer.lane === lane.laneId),
        runs,
      );
      this.#held.set(lane.laneId, lane.epoch);
    }
    this.#ports.log.info({ lanes: laneIds, held: this.#held.size }, "lanes were claimed");
    this.#tellOthers();
  }

  /** Lanes that were claimed and could not be taken over. While there are others it is their turn (O6). */
  async #giveBack(claimed: readonly ClaimedLane[]): Promise<void> {
    const { store, engineId, leaseMs, clock, log } = this.#ports;
    const restMs = leaseMs * Math.min(REST_LEASES_MAX, REST_LEASES_FIRST * 2 ** this.#failedClaims++);
    this.#restUntilMs = clock.monotonicMs() + restMs;
    const left = claimed.filter(({ laneId }) => !this.#held.has(laneId));
    const lanes = left.map(({ laneId }) => laneId);
    log.warn({ lanes, restMs }, "lanes could not be taken over and are left to other engines for a while");
    for (const laneId of lanes) this.#ports.removed(laneId);
    // What is not left now the next beat leaves.
    if (left.length > 0) await store.leaveLanes(engineId, left).catch(() => {});
  }

  /** It keeps what it holds and gets nothing more, as long as there is somebody else. */
  #isResting(): boolean {
    return !this.#isLeaving && this.#ports.clock.monotonicMs() < this.#restUntilMs && this.hasSuccessor;
  }

  async #readRuns(unpublished: readonly OutboxRow[]): Promise<UnsettledRuns> {
    const runIds = [...new Set(unpublished.map(({ runId }) => runId))];
    if (runIds.length === 0) return { found: new Map(), faults: new Map() };
    const { items, faults } = await readReadable(runIds, (asked) => this.#ports.store.getRuns(asked));
    return { found: new Map(items.map((run) => [run.runId, run])), faults };
  }

  async #lookForTimers(): Promise<void> {
    const timers = await this.#window.look(this.heldLanes, this.nowMs());
    for (const timer of timers) this.#ports.writerOf(timer.lane).setTimers([timer]);
  }

  async #release(lanes: readonly number[]): Promise<void> {
    if (lanes.length === 0) return;
    // Within a beat, so that the next one still comes in time.
    const goOn = await this.#ports.standStill(this.#ports.leaseMs / 3);
    await this.#leave(lanes).finally(goOn);
  }

  async #leave(lanes: readonly number[]): Promise<void> {
    const left: { laneId: number; epoch: number }[] = [];
    for (const laneId of lanes) {
      const epoch = await this.#ports.writerOf(laneId).release(laneId);
      this.#held.delete(laneId);
      this.#ports.removed(laneId);
      if (epoch !== null) left.push({ laneId, epoch });
    }
    if (left.length === 0) return;
    await this.#ports.store.leaveLanes(this.#ports.engineId, left);
    this.#ports.log.info({ lanes: left.map(({ laneId }) => laneId) }, "lanes were given up");
    this.#tellOthers();
  }

  #tellOthers(): void {
    this.#ports.lanesMoved(this.#others.flatMap(({ address }) => address ?? []));
  }
}

/** Whether no other engine can carry on more than this one. */
function isEligible({ serves }: EngineRow, _at: number, engines: readonly EngineRow[]): boolean {
  const isMore = (other: EngineRow) =>
    other.serves.length > serves.length && serves.every((version) => other.serves.includes(version));
  return !engines.some(isMore);
}
