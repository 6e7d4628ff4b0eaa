/**
 * The intake: brings a caller's input to the writer of its lane, here or in another process.
 * N1  A caller is answered only after the commit that holds its input: in the lane, or in the durable inbox (`accepted`).
 * N2  An input goes to the inbox only when no owner can be reached, or when one lives on that may have taken it already; where the lane
 *     has another owner by then, it goes on to that one. Its id makes a second copy harmless.
 * N3  Every wait is bounded: past `submitMs` the caller is told that the outcome is unknown.
 */
import { decide } from "../core/decide.ts";
import { reject, rejectUnkeepable } from "../core/decision.ts";
import type { Answer, Limits } from "../core/decision.ts";
import type { LaneInput } from "../core/inputs.ts";
import { engineError, hasCode } from "../core/errors.ts";
import { copyJson } from "../core/json-copy.ts";
import { laneOf } from "../core/lane.ts";
import type { Clock, LogPort, PeerAnswer, Store } from "../core/ports.ts";
import { roughInputBytes } from "../core/rough-bytes.ts";
import { rejectWrong } from "../core/rules/events.ts";
import type { FlowRegistry } from "./flow-registry.ts";
import type { Forwarding } from "./forwarding.ts";
import type { QueueItem } from "./queue-item.ts";
import type { Writer } from "./writer.ts";

/** Where a lane is owned, as far as this process knows. */
export interface LaneDirectory {
  ownerOf(lane: number): { readonly engineId: string; readonly address: string | null } | null;
  /** Resolves when the directory has been read again, or after `waitMs`. */
  changed(waitMs: number): Promise<void>;
}

interface IntakePorts {
  readonly store: Pick<Store, "appendInbox" | "getRun">;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly flows: FlowRegistry;
  readonly limits: Limits;
  readonly engineId: string;
  readonly lanes: number;
  readonly submitMs: number;
  /** Most inputs that wait in the inbox of a lane. */
  readonly inboxRowsMax: number;
  /** How long an input waits for its lane to get an owner before it goes to the inbox. */
  readonly ownerWaitMs: number;
  readonly directory: LaneDirectory;
  readonly forwarding: Forwarding | null;
  writerOf(lane: number): Writer;
}

export class Intake {
  readonly #ports: IntakePorts;
  #isStopping = false;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  stop(): void {
    this.#isStopping = true;
  }

  /** Brings an input into its lane. Resolves after the commit. */
  submit(input: LaneInput): Promise<Answer> {
    // Without a key nobody else can know this id, so the run need not be looked for.
    const isNew = input.kind === "start" && input.key === null && input.startId === null;
    return this.#enqueue(input, isNew, (item) => this.#route(item));
  }

  /** Takes an input that a peer has forwarded. It is not forwarded again: the peer's directory was old, and it looks anew. */
  submitForwarded(input: LaneInput): Promise<Answer> {
    return this.#enqueue(input, false, (item) => {
      const writer = this.#ports.writerOf(item.lane);
      if (!writer.owns(item.lane)) throw notOwner(item.lane);
      writer.enqueueFromCaller(item);
    });
  }

  /** Keeps an input in the durable inbox, whoever owns its lane: what nobody serves now, say. @throws FLOW_NO_OWNER (unavailable) when it is full */
  async keep(input: LaneInput): Promise<void> {
    if (this.#isStopping) throw stopping();
    const { store, clock, lanes, inboxRowsMax } = this.#ports;
    const lane = laneOf(input.runId, lanes);
    await store.appendInbox([{ inboxId: clock.newId(), lane, input }], inboxRowsMax);
  }

  /** An input whose lane has left this process. */
  reroute(item: QueueItem): void {
    this.#attempt(item, (each) => this.#route(each));
  }

  #enqueue(input: LaneInput, isNew: boolean, route: (item: QueueItem) => void): Promise<Answer> {
    if (this.#isStopping) return Promise.reject(stopping());
    const { clock, lanes, submitMs } = this.#ports;
    return new Promise<Answer>((resolve, reject) => {
      const disarm = clock.schedule(submitMs, () => reject(outcomeUnknown(submitMs)));
      const item: QueueItem = {
        lane: laneOf(input.runId, lanes),
        runId: input.runId,
        input,
        bytes: roughInputBytes(input),
        isNew,
        answer: (answer) => {
          disarm();
          // Whoever has it as well may see more than this lane's owner does now: a run, say, whose start has not been decided yet.
          if (answer.outcome === "rejected" && item.isElsewhere === true)
            reject(mayHaveHappened(engineError(answer.error.code, answer.error.message)));
          else resolve(answer);
        },
        fail: (error) => {
          disarm();
          // "Nothing happened" is no longer ours to say once it may have.
          reject(item.isTried === true ? mayHaveHappened(error) : error);
        },
      };
      this.#attempt(item, route);
    });
  }

  #attempt(item: QueueItem, route: (item: QueueItem) => void): void {
    try {
      route(item);
    } catch (error) {
      item.fail?.(error as Error);
    }
  }

  #route(item: QueueItem): void {
    const writer = this.#ports.writerOf(item.lane);
    if (writer.owns(item.lane)) writer.enqueueFromCaller(item);
    else void this.#elsewhere(item).catch((error: unknown) => item.fail?.(error as Error));
  }

  async #elsewhere(item: QueueItem): Promise<void> {
    const { clock, directory, engineId, ownerWaitMs } = this.#ports;
    const refusal = refuseUnkeepable(item.input);
    if (refusal !== null) return item.answer?.(refusal);
    let untilMs = clock.monotonicMs() + ownerWaitMs;
    let mayHaveIt: string | null = null;
    for (;;) {
      if (this.#isStopping) throw stopping();
      if (this.#ports.writerOf(item.lane).owns(item.lane)) return this.#route(item);
      const owner = directory.ownerOf(item.lane);
      if (owner !== null && owner.engineId !== engineId) {
        // Slow, and alive by the directory that was read since: a second copy beside its inbox would only be more work.
        if (owner.engineId === mayHaveIt) return this.#keep(item);
        const outcome = await this.#forward(item, owner.address);
        if (outcome === "answered") return;
        if (outcome === "unknown") {
          mayHaveIt = owner.engineId;
          untilMs = clock.monotonicMs() + ownerWaitMs;
        }
      }
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) return this.#keep(item);
      await directory.changed(leftMs);
    }
  }

  /** `nothing` happened when the peer does not own the lane, or cannot be reached. */
  async #forward(item: QueueItem, address: string | null): Promise<"answered" | "nothing" | "unknown"> {
    const { forwarding, log } = this.#ports;
    if (forwarding === null || address === null || item.input === null) return "nothing";
    let answer: PeerAnswer;
    try {
      answer = await forwarding.forward(address, item.input, item.bytes ?? 0);
    } catch (error) {
      if (!hasCode(error, "FLOW_OUTCOME_UNKNOWN")) return "nothing";
      log.warn(
        { address, runId: item.runId },
        "an input was forwarded with unknown outcome; the next owner, or the inbox, gets it as well",
      );
      item.isTried = true;
      item.isElsewhere = true;
      // Somebody may have stored the run by now.
      item.isNew = false;
      return "unknown";
    }
    if ("answer" in answer) item.answer?.(answer.answer);
    else if (answer.error.code === "FLOW_NOT_OWNER" || answer.error.code === "FLOW_STOPPING")
      return "nothing";
    else item.fail?.(engineError(answer.error.code as "FLOW_UNEXPECTED", answer.error.message, answer.error));
    return "answered";
  }

  /** Keeps the input in the durable inbox for whoever owns the lane next. It is checked now, since nobody hears of a refusal later. */
  async #keep(item: QueueItem): Promise<void> {
    const { input } = item;
    if (input === null) return;
    const refusal = await this.#refusal(input);
    if (refusal?.outcome === "rejected") {
      // Whoever has it already may see more than we do: a run, say, whose start has just been decided.
      return item.isTried === true
        ? item.fail?.(engineError(refusal.error.code, refusal.error.message))
        : item.answer?.(refusal);
    }
    await this.#append(item, input);
    item.answer?.({ outcome: "accepted" });
  }

  async #append(item: QueueItem, input: LaneInput): Promise<void> {
    const { store, clock, inboxRowsMax } = this.#ports;
    const wasTried = item.isTried === true;
    item.isTried = true;
    try {
      await store.appendInbox([{ inboxId: clock.newId(), lane: item.lane, input }], inboxRowsMax);
    } catch (error) {
      // A full inbox has taken nothing.
      if (hasCode(error, "FLOW_NO_OWNER")) item.isTried = wasTried;
      throw error;
    }
  }

  async #refusal(input: LaneInput): Promise<Answer | null> {
    if (input.kind === "start") {
      const flow = this.#ports.flows.get(input.flow, input.flowVersion);
      // Whether a run can begin does not depend on when it does.
      const decision = flow === undefined ? null : decide(flow, null, input, 0, this.#ports.limits);
      return decision?.answer.outcome === "rejected" ? decision.answer : null;
    }
    const run = await this.#ports.store.getRun(input.runId);
    if (run === null)
      return reject("FLOW_UNKNOWN_RUN", `no run ${input.runId}, expected the id of a stored run`).answer;
    if (input.kind !== "event") return null;
    const flow = this.#ports.flows.get(run.flow, run.flowVersion);
    // A version that is not served here is its owner's to judge.
    return (flow === undefined ? null : rejectWrong(flow, run, input))?.answer ?? null;
  }
}

/** Beside its owner an input is checked by the rules; on its way it becomes JSON, which must not change it. */
function refuseUnkeepable(input: LaneInput | null): Answer | null {
  if (input?.kind !== "start" && input?.kind !== "event") return null;
  const { fault } = copyJson(input.data);
  if (fault === null) return null;
  return input.kind === "start"
    ? rejectUnkeepable("FLOW_BAD_DATA", "the data of a run", fault).answer
    : rejectUnkeepable("FLOW_BAD_EVENT", `the data of event ${input.type}`, fault).answer;
}

function notOwner(lane: number): Error {
  return engineError("FLOW_NOT_OWNER", `lane ${lane} is not owned here; look for its owner again`);
}

function stopping(): Error {
  return engineError("FLOW_STOPPING", "the engine is stopping; nothing happened, try again", {
    retryAfterMs: 1_000,
  });
}

function outcomeUnknown(submitMs: number): Error {
  return engineError(
    "FLOW_OUTCOME_UNKNOWN",
    `the commit was not confirmed within ${submitMs} ms (submitMs); it may have happened: repeat with the same idempotency key or event id`,
    { retryAfterMs: 1_000 },
  );
}

function mayHaveHappened(cause: Error): Error {
  return engineError(
    "FLOW_OUTCOME_UNKNOWN",
    `the input may have been stored, and then this failed: ${cause.message}; repeat it with the same idempotency key or event id`,
    { cause, retryAfterMs: 1_000 },
  );
}
